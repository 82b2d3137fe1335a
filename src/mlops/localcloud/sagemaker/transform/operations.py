"""Transform jobs: operations."""

import copy

from mlops.localcloud import images
from mlops.localcloud.errors import AWSError, not_implemented
from mlops.localcloud.sagemaker.common.s3 import Location
from mlops.localcloud.sagemaker.common.service import service
from mlops.localcloud.sagemaker.hosting import models
from mlops.localcloud.sagemaker.jobs.job import Register
from mlops.localcloud.sagemaker.transform.batches import MOST_MEGABYTES
from mlops.localcloud.sagemaker.transform.job import TransformJob
from mlops.localcloud.support import ANY, refuse_others

_SUPPORTED = {
    "TransformJobName": ANY,
    "ModelName": ANY,
    "MaxConcurrentTransforms": ANY,
    "ModelClientConfig": ANY,
    "MaxPayloadInMB": ANY,
    "BatchStrategy": ANY,
    "Environment": ANY,
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": {"S3Prefix"}, "S3Uri": ANY}},
        "ContentType": ANY,
        "CompressionType": {"None", "Gzip"},
        "SplitType": {"None", "Line"},
    },
    "TransformOutput": ANY,
    "TransformResources": {"InstanceType": ANY, "InstanceCount": ANY, "VolumeKmsKeyId": ANY},
    "DataProcessing": ANY,
    "Tags": ANY,
}
_SUMMARY = (
    "TransformJobName",
    "TransformJobArn",
    "CreationTime",
    "TransformEndTime",
    "LastModifiedTime",
    "TransformJobStatus",
    "FailureReason",
)

jobs = Register(
    TransformJob,
    missing=lambda name: AWSError("ValidationException", f"Could not find requested job with name: {name}"),
    taken="Job name must be unique within an AWS account and region, and a job with this name already exists",
)


@service.operation
def create_transform_job(request: dict) -> dict:
    """Start a transform job. It runs under the role of its model."""
    jobs.refuse_taken(request["TransformJobName"])
    refuse_others("CreateTransformJob", request, _SUPPORTED)
    model = models.get(request["ModelName"])
    request = copy.deepcopy(request)
    tags = request.pop("Tags", None)
    _complete(request)
    image = images.resolve(model["Container"]["Image"])
    job = jobs.add(TransformJob(request, model, image, tags))
    job.begin()
    return {"TransformJobArn": job.arn}


@service.operation
def describe_transform_job(request: dict) -> dict:
    return jobs.get(request["TransformJobName"]).describe()


@service.operation
def list_transform_jobs(request: dict) -> dict:
    return jobs.page(request, _SUMMARY, "TransformJobSummaries")


@service.operation
def stop_transform_job(request: dict) -> None:
    jobs.get(request["TransformJobName"]).stop()


def _complete(request: dict) -> None:
    """Fill in AWS's defaults and refuse what AWS refuses."""
    source, target = request["TransformInput"], request["TransformOutput"]
    source.setdefault("CompressionType", "None")
    source.setdefault("SplitType", "None")
    target.setdefault("AssembleWith", "None")
    target.setdefault("KmsKeyId", "")
    for uri in (source["DataSource"]["S3DataSource"]["S3Uri"], target["S3OutputPath"]):
        Location.parse(uri)
    if request.get("MaxPayloadInMB") == 0:
        raise not_implemented("The local cloud does not implement CreateTransformJob with MaxPayloadInMB=0")
    megabytes, concurrent = request.get("MaxPayloadInMB", 0), request.get("MaxConcurrentTransforms", 0)
    if megabytes > MOST_MEGABYTES or megabytes * concurrent > MOST_MEGABYTES:
        raise AWSError(
            "ValidationException",
            f"MaxPayloadInMB {megabytes} and MaxConcurrentTransforms {concurrent}: neither MaxPayloadInMB nor the "
            f"product of both may exceed {MOST_MEGABYTES} MB",
        )
