"""Processing jobs: operations."""

import copy

from mlops.localcloud import images
from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.common import roles
from mlops.localcloud.sagemaker.common.s3 import Location
from mlops.localcloud.sagemaker.common.service import service
from mlops.localcloud.sagemaker.jobs.job import Register
from mlops.localcloud.sagemaker.jobs.processing_job import ProcessingJob
from mlops.localcloud.support import ANY, refuse_others

_DAY = 86400
_INSIDE = "/opt/ml/processing/"
_SUPPORTED = {
    "ProcessingInputs": {
        "InputName": ANY,
        "AppManaged": {False},
        "S3Input": {
            "S3Uri": ANY,
            "LocalPath": ANY,
            "S3DataType": {"S3Prefix", "ManifestFile"},
            "S3InputMode": {"File"},
            "S3DataDistributionType": ANY,
            "S3CompressionType": {"None"},
        },
    },
    "ProcessingOutputConfig": {
        "Outputs": {"OutputName": ANY, "AppManaged": {False}, "S3Output": ANY},
        "KmsKeyId": ANY,
    },
    "ProcessingJobName": ANY,
    "ProcessingResources": {
        "ClusterConfig": {
            "InstanceCount": ANY,
            "InstanceType": ANY,
            "VolumeSizeInGB": ANY,
            "VolumeKmsKeyId": ANY,
        }
    },
    "StoppingCondition": ANY,
    "AppSpecification": ANY,
    "Environment": ANY,
    "NetworkConfig": ANY,
    "RoleArn": ANY,
    "Tags": ANY,
}
_SUMMARY = (
    "ProcessingJobName",
    "ProcessingJobArn",
    "CreationTime",
    "ProcessingEndTime",
    "LastModifiedTime",
    "ProcessingJobStatus",
    "FailureReason",
    "ExitMessage",
)

jobs = Register(
    ProcessingJob,
    missing=lambda name: AWSError("ValidationException", f"Could not find requested job with name: {name}"),
    taken="Job name must be unique within an AWS account and region, and a job with this name already exists",
)


@service.operation
def create_processing_job(request: dict) -> dict:
    jobs.refuse_taken(request["ProcessingJobName"])
    refuse_others("CreateProcessingJob", request, _SUPPORTED)
    roles.require_assumable(request["RoleArn"])
    request = copy.deepcopy(request)
    tags = request.pop("Tags", None)
    _complete(request)
    image = images.resolve(request["AppSpecification"]["ImageUri"])
    job = jobs.add(ProcessingJob(request, image, tags))
    job.begin()
    return {"ProcessingJobArn": job.arn}


@service.operation
def describe_processing_job(request: dict) -> dict:
    return jobs.get(request["ProcessingJobName"]).describe()


@service.operation
def list_processing_jobs(request: dict) -> dict:
    return jobs.page(request, _SUMMARY, "ProcessingJobSummaries")


@service.operation
def stop_processing_job(request: dict) -> None:
    jobs.get(request["ProcessingJobName"]).stop()


def _complete(request: dict) -> None:
    """Fill in AWS's defaults and refuse what AWS refuses."""
    request.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": _DAY})
    cluster = request["ProcessingResources"]["ClusterConfig"]
    if not cluster.get("InstanceType") or not cluster.get("InstanceCount"):
        raise AWSError("ValidationException", "You must specify InstanceType and InstanceCount in ClusterConfig.")
    for item in request.get("ProcessingInputs", []):
        source = _member(item, "S3Input", item["InputName"])
        source.setdefault("S3DataDistributionType", "FullyReplicated")
        source.setdefault("S3InputMode", "File")
        source.setdefault("S3CompressionType", "None")
    for item in request.get("ProcessingOutputConfig", {}).get("Outputs", []):
        _member(item, "S3Output", item["OutputName"])


def _member(item: dict, member: str, name: str) -> dict:
    if member not in item:
        raise AWSError("ValidationException", f"{name} must specify {member}.")
    location = item[member]
    Location.parse(location["S3Uri"])
    if not location.get("LocalPath", "").startswith(_INSIDE):
        raise AWSError("ValidationException", f"LocalPath of {name} must start with {_INSIDE}")
    return location
