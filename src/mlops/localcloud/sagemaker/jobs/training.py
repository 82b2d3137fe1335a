"""Training jobs: operations."""

import copy
from collections.abc import Callable
from typing import Any

from mlops.localcloud import images
from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.common import roles, s3
from mlops.localcloud.sagemaker.common.service import service
from mlops.localcloud.sagemaker.jobs import metrics
from mlops.localcloud.sagemaker.jobs.job import Register
from mlops.localcloud.sagemaker.jobs.training_job import TrainingJob
from mlops.localcloud.support import ANY, refuse_others

_DAY = 86400
SUPPORTED: dict[str, Any] = {
    "TrainingJobName": ANY,
    "HyperParameters": ANY,
    "AlgorithmSpecification": {
        "TrainingImage": ANY,
        "TrainingInputMode": {"File", "FastFile"},
        "MetricDefinitions": ANY,
        "EnableSageMakerMetricsTimeSeries": {False},
        "ContainerEntrypoint": ANY,
        "ContainerArguments": ANY,
    },
    "RoleArn": ANY,
    "InputDataConfig": {
        "ChannelName": ANY,
        "DataSource": {"S3DataSource": {"S3DataType": {"S3Prefix"}, "S3Uri": ANY, "S3DataDistributionType": ANY}},
        "ContentType": ANY,
        "CompressionType": {"None"},
        "RecordWrapperType": {"None"},
        "InputMode": {"File", "FastFile"},
    },
    "OutputDataConfig": ANY,
    "ResourceConfig": {
        "InstanceType": ANY,
        "InstanceCount": ANY,
        "VolumeSizeInGB": ANY,
        "VolumeKmsKeyId": ANY,
    },
    # Processes on the loopback have no subnets: what these three ask for cannot fail here, nor be missed.
    "VpcConfig": ANY,
    "EnableInterContainerTrafficEncryption": ANY,
    "RetryStrategy": ANY,
    "StoppingCondition": {"MaxRuntimeInSeconds": ANY, "MaxWaitTimeInSeconds": ANY},
    "Tags": ANY,
    "EnableNetworkIsolation": ANY,
    "EnableManagedSpotTraining": ANY,
    "CheckpointConfig": ANY,
    "Environment": ANY,
    # The SageMaker SDK sends these two by default. Without collections, rules and parameters they change nothing about
    # the job: the container decides whether it saves tensors, and no profile of this machine is uploaded.
    "DebugHookConfig": {"S3OutputPath": ANY, "LocalPath": ANY, "CollectionConfigurations": {}},
    "ProfilerConfig": {"S3OutputPath": ANY, "DisableProfiler": ANY},
}
_SUMMARY = (
    "TrainingJobName",
    "TrainingJobArn",
    "CreationTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "TrainingJobStatus",
    "SecondaryStatus",
)

_LIST_FILTERS = dict.fromkeys(
    (
        "NextToken",
        "MaxResults",
        "CreationTimeAfter",
        "CreationTimeBefore",
        "LastModifiedTimeAfter",
        "LastModifiedTimeBefore",
        "NameContains",
        "StatusEquals",
        "SortBy",
        "SortOrder",
    ),
    ANY,
)

jobs = Register(
    TrainingJob,
    missing=lambda name: AWSError("ValidationException", "Requested resource not found."),
    taken="Training job names must be unique within an AWS account and region, "
    "and a training job with this name already exists",
)


@service.operation
def create_training_job(request: dict) -> dict:
    job = prepare(request)
    job.begin()
    return {"TrainingJobArn": job.arn}


@service.operation
def describe_training_job(request: dict) -> dict:
    return jobs.get(request["TrainingJobName"]).describe()


@service.operation
def list_training_jobs(request: dict) -> dict:
    refuse_others("ListTrainingJobs", request, _LIST_FILTERS)
    return jobs.page(request, _SUMMARY, "TrainingJobSummaries")


@service.operation
def stop_training_job(request: dict) -> None:
    jobs.get(request["TrainingJobName"]).stop()


def prepare(
    request: dict,
    tuning_job_arn: str | None = None,
    on_metric: Callable[[str, float], None] | None = None,
) -> TrainingJob:
    """Register a training job without starting it. Raises AWSError where the request is refused.

    `on_metric` is called with every value of its metrics.
    """
    jobs.refuse_taken(request["TrainingJobName"])
    request = completed(request, "CreateTrainingJob")
    image = images.resolve(request["AlgorithmSpecification"]["TrainingImage"])
    tags = request.pop("Tags", None)
    job = jobs.add(TrainingJob(request, image, tags, on_metric))
    if tuning_job_arn:
        job.update(TuningJobArn=tuning_job_arn)
    return job


def completed(request: dict, operation: str) -> dict:
    """The request with AWS's defaults, checked as far as SageMaker checks it before a job starts. Raises AWSError."""
    refuse_others(operation, request, SUPPORTED)
    request = copy.deepcopy(request)
    algorithm = request["AlgorithmSpecification"]
    if "TrainingImage" not in algorithm:
        raise AWSError("ValidationException", "You must specify AlgorithmSpecification.TrainingImage.")
    roles.require_assumable(request["RoleArn"])
    for definition in algorithm.get("MetricDefinitions", []):
        metrics.compiled(definition)
    resources = request.setdefault("ResourceConfig", {})
    if not resources.get("InstanceType") or not resources.get("InstanceCount"):
        raise AWSError("ValidationException", "You must specify InstanceType and InstanceCount in ResourceConfig.")
    channels = request.get("InputDataConfig", [])
    for channel in channels:
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise AWSError("ValidationException", f"Channel {channel['ChannelName']} must specify an S3DataSource.")
        source.setdefault("S3DataDistributionType", "FullyReplicated")
        channel.setdefault("CompressionType", "None")
        channel.setdefault("RecordWrapperType", "None")
    outputs = [request["OutputDataConfig"]["S3OutputPath"]]
    request["OutputDataConfig"].setdefault("KmsKeyId", "")
    if "CheckpointConfig" in request:
        outputs.append(request["CheckpointConfig"]["S3Uri"])
        request["CheckpointConfig"].setdefault("LocalPath", "/opt/ml/checkpoints")
    for switch in (
        "EnableNetworkIsolation",
        "EnableInterContainerTrafficEncryption",
        "EnableManagedSpotTraining",
    ):
        request.setdefault(switch, False)
    _complete_limits(request)
    s3.require_objects(request["RoleArn"], [channel["DataSource"]["S3DataSource"]["S3Uri"] for channel in channels])
    for uri in outputs:
        s3.require_listing(request["RoleArn"], uri)
    return request


def _complete_limits(request: dict) -> None:
    limits = request.setdefault("StoppingCondition", {})
    runtime = limits.setdefault("MaxRuntimeInSeconds", _DAY)
    wait = limits.get("MaxWaitTimeInSeconds")
    if request["EnableManagedSpotTraining"] and (wait is None or wait < runtime):
        raise AWSError(
            "ValidationException",
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
        )
    if wait is not None and not request["EnableManagedSpotTraining"]:
        raise AWSError(
            "ValidationException",
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is true",
        )
