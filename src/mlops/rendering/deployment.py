"""Requests for a trained model: its entry in the registry, its endpoints."""

from __future__ import annotations

from mlops import names
from mlops.configuration import Configuration, Endpoint
from mlops.instances import takes_volume_key
from mlops.rendering import lineage, production
from mlops.rendering.release import Release, Request, checked

_CONTENT_TYPES = ["text/csv", "application/json"]


def model_package(configuration: Configuration, release: Release) -> Request:
    """Return the CreateModelPackage request."""
    baseline = {
        "Statistics": _json_metric(release.result("baseline/statistics.json")),
        "Constraints": _json_metric(release.result("baseline/constraints.json")),
    }
    types = sorted({configuration.test.InstanceType, configuration.production.InstanceType} - {""})
    request = {
        "ModelPackageGroupName": configuration.names.model_package_group,
        "ModelPackageDescription": f"Pipeline execution {release.execution_id}, commit {release.commit_id}",
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [{"Image": release.image, "ModelDataUrl": release.model_data_url}],
            "SupportedContentTypes": _CONTENT_TYPES,
            "SupportedResponseMIMETypes": _CONTENT_TYPES,
            **({"SupportedRealtimeInferenceInstanceTypes": types} if types else {}),
        },
        "Task": "CLASSIFICATION" if configuration.problem_type.is_classification else "REGRESSION",
        "Domain": "MACHINE_LEARNING",
        "ModelMetrics": {
            "ModelQuality": {"Statistics": _json_metric(release.result("evaluation/evaluation.json"))},
            "ModelDataQuality": baseline,
        },
        "MetadataProperties": {
            "CommitId": release.commit_id,
            "Repository": lineage.repository(configuration),
            "GeneratedBy": f"{configuration.names.pipeline}/{release.execution_id}",
            "ProjectId": configuration.project.project,
        },
        "CustomerMetadataProperties": lineage.metadata(configuration, release),
    }
    return checked("CreateModelPackage", request)


def endpoint_stack(configuration: Configuration, release: Release, stage: names.Stage) -> Request:
    """Return test.json or production.json: the template configuration for infra/endpoint.yml."""
    endpoint = configuration.test if stage == "test" else configuration.production
    parameters = {
        "Project": configuration.project.project,
        "ExecutionRoleArn": release.endpoint_role_arn,
        "InstanceType": endpoint.InstanceType,
        "InitialInstanceCount": str(endpoint.InitialInstanceCount or 1),
        **serverless(endpoint),
        "VolumeKeyArn": release.key_arn if takes_volume_key(endpoint.InstanceType) else "",
        "InitialSamplingPercentage": str(endpoint.InitialSamplingPercentage),
        "CaptureUri": release.s3("capture"),
        "CaptureKeyArn": release.key_arn,
        "Subnets": ",".join(endpoint.VpcConfig.Subnets) if endpoint.VpcConfig else "",
        "SecurityGroupIds": ",".join(endpoint.VpcConfig.SecurityGroupIds) if endpoint.VpcConfig else "",
        **_serving(configuration, release, stage),
        **production.shared_traffic(configuration, release, stage),
        **production.functions(configuration.production.api, release),
    }
    if stage == "production":
        parameters |= production.guards(configuration.production) | production.synthetic_check(configuration.monitoring)
    return {"Parameters": parameters, "Tags": release.lineage.tags(configuration.names)}


def serverless(endpoint: Endpoint) -> Request:
    """Return the parameters of a serverless endpoint. With instances, its memory is empty."""
    settings = endpoint.ServerlessConfig
    return {
        "ServerlessMemorySizeInMB": str(settings.MemorySizeInMB if settings else ""),
        "ServerlessMaxConcurrency": str(settings.MaxConcurrency if settings else 1),
        "ServerlessProvisionedConcurrency": str((settings and settings.ProvisionedConcurrency) or ""),
    }


def _serving(configuration: Configuration, release: Release, stage: names.Stage) -> Request:
    """Return the parameters of infra/endpoint.yml that say which release serves."""
    names_ = configuration.names
    own_endpoint = stage == "production" and configuration.production.clients_call == "api"
    return {
        "EndpointName": names_.release_endpoint(release.execution_id) if own_endpoint else names_.endpoint(stage),
        "ResourceName": names_.release(stage, release.execution_id),
        "Image": release.image,
        "ModelDataUrl": release.model_data_url,
        "ExecutionId": release.execution_id,
        "CommitId": release.commit_id,
        "DataVersion": release.data_version,
        "FunctionsKey": release.functions.key,
        "FunctionsVersion": release.functions.version,
        "GoldenRowsUri": release.s3(names.golden_rows_key(release.execution_id)),
    }


def _json_metric(uri: str) -> Request:
    return {"ContentType": "application/json", "S3Uri": uri}
