"""Hyperparameter tuning jobs: operations."""

import copy

from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.common import listing
from mlops.localcloud.sagemaker.common.service import service
from mlops.localcloud.sagemaker.jobs import search, training
from mlops.localcloud.sagemaker.jobs.job import Register
from mlops.localcloud.sagemaker.jobs.tuning_job import TuningJob, training_request
from mlops.localcloud.support import ANY, refuse_others

_OBJECTIVE_PARAMETER = "_tuning_objective_metric"
_SUPPORTED = {
    "HyperParameterTuningJobName": ANY,
    "HyperParameterTuningJobConfig": {
        "Strategy": {"Bayesian", "Random", "Grid"},
        "HyperParameterTuningJobObjective": ANY,
        "ResourceLimits": ANY,
        "ParameterRanges": {
            "IntegerParameterRanges": ANY,
            "ContinuousParameterRanges": ANY,
            "CategoricalParameterRanges": ANY,
        },
        "TrainingJobEarlyStoppingType": ANY,
        "TuningJobCompletionCriteria": {
            "TargetObjectiveMetricValue": ANY,
            "BestObjectiveNotImproving": ANY,
            "ConvergenceDetected": {"CompleteOnConvergence": {"Disabled"}},
        },
        "RandomSeed": ANY,
    },
    "TrainingJobDefinition": {
        "DefinitionName": ANY,
        "StaticHyperParameters": ANY,
        "HyperParameterTuningResourceConfig": training.SUPPORTED["ResourceConfig"],
        **{
            name: supported
            for name, supported in training.SUPPORTED.items()
            if name not in ("TrainingJobName", "HyperParameters", "Tags")
        },
    },
    "WarmStartConfig": ANY,
    "Tags": ANY,
}
_SUMMARY = (
    "HyperParameterTuningJobName",
    "HyperParameterTuningJobArn",
    "HyperParameterTuningJobStatus",
    "CreationTime",
    "HyperParameterTuningEndTime",
    "LastModifiedTime",
    "TrainingJobStatusCounters",
    "ObjectiveStatusCounters",
)

jobs = Register(
    TuningJob,
    missing=lambda name: AWSError(
        "ResourceNotFound", f"Amazon SageMaker can't find a tuning job with the name {name}."
    ),
    taken="Hyperparameter tuning job names must be unique within an AWS account and region, "
    "and a tuning job with this name already exists",
)


@service.operation
def create_hyper_parameter_tuning_job(request: dict) -> dict:
    jobs.refuse_taken(request["HyperParameterTuningJobName"])
    refuse_others("CreateHyperParameterTuningJob", request, _SUPPORTED)
    parents = [
        jobs.get(parent["HyperParameterTuningJobName"])
        for parent in request.get("WarmStartConfig", {}).get("ParentHyperParameterTuningJobs", [])
    ]
    for parent in parents:
        if not parent.ended.is_set():
            raise AWSError(
                "ValidationException",
                f"The parent tuning job {parent.name} is {parent.status}; it must have ended.",
            )
    request = copy.deepcopy(request)
    tags = request.pop("Tags", None)
    _complete(request)
    job = jobs.add(TuningJob(request, tags, parents))
    job.begin()
    return {"HyperParameterTuningJobArn": job.arn}


@service.operation
def describe_hyper_parameter_tuning_job(request: dict) -> dict:
    return jobs.get(request["HyperParameterTuningJobName"]).describe()


@service.operation
def list_hyper_parameter_tuning_jobs(request: dict) -> dict:
    listed = jobs.page(request, (*_SUMMARY, "HyperParameterTuningJobConfig"), "HyperParameterTuningJobSummaries")
    for item in listed["HyperParameterTuningJobSummaries"]:
        config = item.pop("HyperParameterTuningJobConfig")
        item |= {"Strategy": config["Strategy"], "ResourceLimits": config["ResourceLimits"]}
    return listed


@service.operation
def stop_hyper_parameter_tuning_job(request: dict) -> None:
    jobs.get(request["HyperParameterTuningJobName"]).stop()


@service.operation
def list_training_jobs_for_hyper_parameter_tuning_job(request: dict) -> dict:
    tuning_job = jobs.get(request["HyperParameterTuningJobName"])
    summaries = tuning_job.summaries()
    if request.get("SortBy") == "FinalObjectiveMetricValue":
        # Only training jobs that have a value are listed then.
        summaries = [item for item in summaries if _final(item) is not None]
        requested_status = request.get("StatusEquals")
        chosen = [item for item in summaries if requested_status in (None, item["TrainingJobStatus"])]
        chosen = listing.ordered(request, chosen, _final)
    else:
        chosen = listing.select(request, summaries, "TrainingJobName", "TrainingJobStatus")
    return listing.page(request, chosen, "TrainingJobSummaries")


def _complete(request: dict) -> None:
    """Fill in what AWS adds, and refuse what it refuses before a job starts."""
    config, definition = request["HyperParameterTuningJobConfig"], request.get("TrainingJobDefinition")
    objective = config.get("HyperParameterTuningJobObjective")
    if definition is None or objective is None:
        raise AWSError(
            "ValidationException",
            "You must specify TrainingJobDefinition and HyperParameterTuningJobObjective.",
        )
    ranges = config.setdefault("ParameterRanges", {})
    _complete_limits(config, ranges)
    static = definition.setdefault("StaticHyperParameters", {})
    for name in [item.name for item in search.parse(ranges)]:
        if name in static:
            raise AWSError(
                "ValidationException",
                f"Hyperparameter {name} is both in StaticHyperParameters and in ParameterRanges.",
            )
    static[_OBJECTIVE_PARAMETER] = objective["MetricName"]
    metrics = definition["AlgorithmSpecification"].setdefault("MetricDefinitions", [])
    regex = next((item["Regex"] for item in metrics if item["Name"] == objective["MetricName"]), None)
    if regex is None:
        raise AWSError(
            "ValidationException",
            f"The objective metric {objective['MetricName']} is not among the MetricDefinitions: "
            f"{', '.join(item['Name'] for item in metrics) or 'there are none'}.",
        )
    metrics.append({"Name": "ObjectiveMetric", "Regex": regex})
    if {"ResourceConfig", "HyperParameterTuningResourceConfig"} <= definition.keys():
        raise AWSError(
            "ValidationException", "You must specify one of ResourceConfig and HyperParameterTuningResourceConfig."
        )
    probe = {**training_request(definition), "TrainingJobName": "probe"}
    completed = training.completed(probe, "CreateHyperParameterTuningJob")
    # ResourceConfig is described also where the request has HyperParameterTuningResourceConfig: the SageMaker SDK reads it.
    definition |= {key: value for key, value in completed.items() if key != "TrainingJobName"}


def _complete_limits(config: dict, ranges: dict) -> None:
    limits = config["ResourceLimits"]
    if config["Strategy"] != "Grid":
        if "MaxNumberOfTrainingJobs" not in limits:
            raise AWSError("ValidationException", "You must specify MaxNumberOfTrainingJobs in ResourceLimits.")
        return
    size = search.grid_size(ranges)
    if limits.setdefault("MaxNumberOfTrainingJobs", size) != size:
        raise AWSError(
            "ValidationException",
            f"MaxNumberOfTrainingJobs of a grid search must be the number of combinations, {size}, or be left out.",
        )


def _final(item: dict) -> float | None:
    return item.get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value")
