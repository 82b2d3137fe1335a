"""What is made of a trained model: its entry in the registry, its endpoints."""

from __future__ import annotations

from mlops import names
from mlops.configuration import Configuration
from mlops.instances import takes_volume_key
from mlops.requests.release import Release, Request, checked, lineage, model_data_url

_CONTENT_TYPES = ["text/csv", "application/json"]


def model_package(configuration: Configuration, release: Release) -> Request:
    """Return the CreateModelPackage request."""
    project = configuration.project
    baseline = {
        "Statistics": _json_metric(release.result("baseline/statistics.json")),
        "Constraints": _json_metric(release.result("baseline/constraints.json")),
    }
    request = {
        "ModelPackageGroupName": configuration.names.model_package_group,
        # The decision about the release finds its package by this text.
        "ModelPackageDescription": f"Pipeline execution {release.execution_id}, commit {release.commit_id}",
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [{"Image": release.image, "ModelDataUrl": model_data_url(configuration, release)}],
            "SupportedContentTypes": _CONTENT_TYPES,
            "SupportedResponseMIMETypes": _CONTENT_TYPES,
            "SupportedRealtimeInferenceInstanceTypes": sorted(
                {configuration.test.InstanceType, configuration.production.InstanceType}
            ),
        },
        "Task": "REGRESSION",
        "Domain": "MACHINE_LEARNING",
        "ModelMetrics": {
            "ModelQuality": {"Statistics": _json_metric(release.result("evaluation/evaluation.json"))},
            "ModelDataQuality": baseline,
        },
        "MetadataProperties": {
            "CommitId": release.commit_id,
            "Repository": f"https://github.com/{project.github_owner}/{project.github_repository}",
            "GeneratedBy": f"{configuration.names.pipeline}/{release.execution_id}",
            "ProjectId": project.project,
        },
        # A package in a group takes no tags of its own.
        "CustomerMetadataProperties": lineage(configuration, release),
    }
    return checked("CreateModelPackage", request)


def endpoint_stack(
    configuration: Configuration,
    release: Release,
    stage: names.Stage,
) -> Request:
    """Return test.json or production.json: the template configuration for infra/endpoint.yml."""
    endpoint = configuration.test if stage == "test" else configuration.production
    name = configuration.names.endpoint(stage)
    vpc = endpoint.VpcConfig
    return {
        "Parameters": {
            "EndpointName": name,
            "ResourceName": configuration.names.release(stage, release.execution_id),
            "Image": release.image,
            "ModelDataUrl": model_data_url(configuration, release),
            "ExecutionRoleArn": release.endpoint_role_arn,
            "InstanceType": endpoint.InstanceType,
            "InitialInstanceCount": str(endpoint.InitialInstanceCount),
            "VolumeKeyArn": release.key_arn if takes_volume_key(endpoint.InstanceType) else "",
            "InitialSamplingPercentage": str(endpoint.InitialSamplingPercentage),
            "CaptureUri": release.s3(f"capture/{name}"),
            "CaptureKeyArn": release.key_arn,
            "Subnets": ",".join(vpc.Subnets) if vpc else "",
            "SecurityGroupIds": ",".join(vpc.SecurityGroupIds) if vpc else "",
            "ExecutionId": release.execution_id,
            "CommitId": release.commit_id,
            "DataVersion": release.data_version,
        },
        "Tags": lineage(configuration, release),
    }


def _json_metric(uri: str) -> Request:
    return {"ContentType": "application/json", "S3Uri": uri}
