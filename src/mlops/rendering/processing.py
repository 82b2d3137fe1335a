"""Requests for the processing jobs of a release: the baseline of its data, the evaluation of its model."""

from __future__ import annotations

from typing import Literal

from mlops import names
from mlops.configuration import Configuration
from mlops.rendering.release import (
    Release,
    Request,
    checked,
    only,
    tags,
    with_volume_key,
)

# SageMaker's limit for a processing job; a training job can run for 28 days.
_MOST_RUNTIME_SECONDS = 9 * 86_400
_PROCESSING = "/opt/ml/processing"


def baseline_job(configuration: Configuration, release: Release) -> Request:
    """Return the CreateProcessingJob request that describes the training data for later monitoring."""
    name = configuration.names.processing_job(release.execution_id, "baseline")
    inputs = {"baseline": release.data("baseline")}
    return _processing_job(configuration, release, name, "baseline", inputs, {"baseline": release.result("baseline")})


def evaluation_job(configuration: Configuration, release: Release) -> Request:
    """Return the CreateProcessingJob request that evaluates the model, and production's model on the same rows."""
    inputs = {"model": release.model_data_url, "test": release.data("test")}
    if release.production_model:
        inputs["production"] = release.production_model
    name = configuration.names.processing_job(release.execution_id, "evaluate")
    outputs = {"evaluation": release.result("evaluation")}
    return _processing_job(configuration, release, name, "evaluate", inputs, outputs)


def batch_comparison_job(configuration: Configuration, release: Release, batch_job: str) -> Request:
    """Return the CreateProcessingJob request that compares a batch with the baseline of the release that scored it."""
    prefix = names.batch_prefix(batch_job)
    inputs = {"baseline": release.result("baseline/"), "capture": release.s3(f"{prefix}capture/")}
    outputs = {"monitoring": release.s3(f"{prefix}monitoring")}
    return _processing_job(configuration, release, batch_job, "monitor", inputs, outputs)


def _processing_job(
    configuration: Configuration,
    release: Release,
    name: str,
    command: Literal["baseline", "evaluate", "monitor"],
    inputs: dict[str, str],
    outputs: dict[str, str],
) -> Request:
    partial = configuration.training_job
    runtime = partial.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    cluster = {
        "InstanceCount": 1,
        "InstanceType": configuration.evaluation.instance_type,
        "VolumeSizeInGB": partial["ResourceConfig"]["VolumeSizeInGB"],
    }
    network = ("EnableInterContainerTrafficEncryption", "EnableNetworkIsolation", "VpcConfig")
    request = {
        "ProcessingJobName": name,
        "RoleArn": release.processing_role_arn,
        "AppSpecification": {
            "ImageUri": release.image,
            "ContainerEntrypoint": ["python", "-m", "mlops.container", command],
        },
        "ProcessingInputs": [
            {
                "InputName": input_,
                "S3Input": {
                    "S3Uri": uri,
                    "LocalPath": f"{_PROCESSING}/input/{input_}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for input_, uri in inputs.items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": output,
                    "S3Output": {
                        "S3Uri": uri,
                        "LocalPath": f"{_PROCESSING}/output/{output}",
                        "S3UploadMode": "EndOfJob",
                    },
                }
                for output, uri in outputs.items()
            ],
            "KmsKeyId": release.key_arn,
        },
        "ProcessingResources": {"ClusterConfig": with_volume_key(cluster, release)},
        "NetworkConfig": only(partial, network),
        "Tags": tags(configuration, release, partial),
    }
    if runtime:
        request["StoppingCondition"] = {"MaxRuntimeInSeconds": min(runtime, _MOST_RUNTIME_SECONDS)}
    return checked("CreateProcessingJob", request)
