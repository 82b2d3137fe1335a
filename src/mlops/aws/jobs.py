"""The SageMaker jobs that an execution runs: tuning, training, baseline, evaluation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from mlops.aws import logs
from mlops.aws.logs import LogLocation
from mlops.aws.session import AWSError, Session
from mlops.names import Names

_RUNNING = {"InProgress", "Stopping"}
_FAILED = {"Failed", "Stopped"}


@dataclass(frozen=True)
class Job:
    """One job; `status` is AWS's word, `metrics` the last value of each, `trials` a tuning job's counters."""

    kind: str
    name: str
    status: str
    failure_reason: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    trials: dict[str, int] = field(default_factory=dict)
    log: LogLocation | None = None

    @property
    def running(self) -> bool:
        return self.status in _RUNNING

    @property
    def failed(self) -> bool:
        return self.status in _FAILED


def of_execution(session: Session, names: Names, execution_id: str) -> list[Job]:
    """The execution's existing jobs, in the order in which they started."""
    name = names.job(execution_id)
    started = [
        tuning(session, name),
        training(session, name),
        processing(session, "baseline", names.processing_job(execution_id, "baseline")),
        processing(session, "evaluation", names.processing_job(execution_id, "evaluate")),
    ]
    return [job for job in started if job is not None]


def tuning(session: Session, name: str) -> Job | None:
    """The tuning job of this name with its best trial's objective, or None."""
    request = {"HyperParameterTuningJobName": name}
    response = _describe(session, "describe_hyper_parameter_tuning_job", request)
    if response is None:
        return None
    status = response["HyperParameterTuningJobStatus"]
    best = response.get("BestTrainingJob", {})
    objective = best.get("FinalHyperParameterTuningJobObjectiveMetric")
    failed_trial = _failed_trial(session, name) if status in _FAILED else {}
    trial_reason = failed_trial.get("FailureReason", "")
    return Job(
        kind="tuning",
        name=name,
        status=status,
        failure_reason=" ".join(filter(None, [response.get("FailureReason", ""), trial_reason])),
        started=response.get("CreationTime"),
        ended=response.get("HyperParameterTuningEndTime"),
        metrics={objective["MetricName"]: objective["Value"]} if objective else {},
        trials=response.get("TrainingJobStatusCounters", {}),
        log=LogLocation("/aws/sagemaker/TrainingJobs", f"{failed_trial.get('TrainingJobName', name + '-')}"),
    )


def tuned_hyperparameters(session: Session, name: str) -> dict[str, str]:
    """The values of the tuning job's best trial; empty when there is no such job."""
    response = _describe(session, "describe_hyper_parameter_tuning_job", {"HyperParameterTuningJobName": name}) or {}
    return response.get("BestTrainingJob", {}).get("TunedHyperParameters", {})


def training(session: Session, name: str) -> Job | None:
    """The training job of this name, or None. While it runs, its metrics are read from its log."""
    response = _describe(session, "describe_training_job", {"TrainingJobName": name})
    if response is None:
        return None
    location = LogLocation("/aws/sagemaker/TrainingJobs", f"{name}/")
    metrics = {each["MetricName"]: each["Value"] for each in response.get("FinalMetricDataList", [])}
    if not metrics and response["TrainingJobStatus"] in _RUNNING:
        definitions = response["AlgorithmSpecification"].get("MetricDefinitions", [])
        metrics = last_metrics([event.message for event in logs.tail(session, location, 20)], definitions)
    return Job(
        kind="training",
        name=name,
        status=response["TrainingJobStatus"],
        failure_reason=_why_training_ended(response),
        started=response.get("TrainingStartTime", response.get("CreationTime")),
        ended=response.get("TrainingEndTime"),
        metrics=metrics,
        log=location,
    )


def processing(session: Session, kind: str, name: str) -> Job | None:
    """The processing job of this name, or None."""
    response = _describe(session, "describe_processing_job", {"ProcessingJobName": name})
    if response is None:
        return None
    return Job(
        kind=kind,
        name=name,
        status=response["ProcessingJobStatus"],
        # The program writes ExitMessage; a processing job's FailureReason does not contain the cause.
        failure_reason=response.get("ExitMessage") or response.get("FailureReason", ""),
        started=response.get("ProcessingStartTime", response.get("CreationTime")),
        ended=response.get("ProcessingEndTime"),
        log=LogLocation("/aws/sagemaker/ProcessingJobs", f"{name}/"),
    )


def monitored(session: Session, names: Names, *, limit: int) -> list[Job]:
    """The newest completed jobs of monitoring; none where the caller may not list jobs."""
    try:
        listed = session.client("sagemaker").list_processing_jobs(
            NameContains=f"{names.project}-",
            StatusEquals="Completed",
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=100,
        )["ProcessingJobSummaries"]
    except AWSError as error:
        if error.exit_code != 2:
            raise
        return []
    found = [name for each in listed if names.is_own_job(name := each["ProcessingJobName"], "monitor")]
    described = (processing(session, "monitoring", name) for name in found[:limit])
    return [job for job in described if job is not None]


def last_metrics(lines: list[str], definitions: list[dict]) -> dict[str, float]:
    """The last match of each of a training job's MetricDefinitions (Name, Regex with a group)."""
    return dict(found for line in lines for found in metrics_in(line, definitions))


def metrics_in(line: str, definitions: list[dict]) -> list[tuple[str, float]]:
    """The metrics in a line of a training job's log, by its MetricDefinitions."""
    found = ((each["Name"], re.search(each["Regex"], line)) for each in definitions)
    return [(name, float(match[1])) for name, match in found if match]


def metric_definitions(session: Session, name: str) -> list[dict]:
    """The MetricDefinitions of a training job."""
    answer = _describe(session, "describe_training_job", {"TrainingJobName": name}) or {}
    return answer.get("AlgorithmSpecification", {}).get("MetricDefinitions", [])


def _why_training_ended(response: dict) -> str:
    if response.get("SecondaryStatus") == "MaxRuntimeExceeded":
        limit = response["StoppingCondition"]["MaxRuntimeInSeconds"]
        return f"MaxRuntimeExceeded: it ran longer than its MaxRuntimeInSeconds of {limit}"
    return response.get("FailureReason", "")


def _failed_trial(session: Session, tuning_job: str) -> dict:
    client = session.client("sagemaker")
    response = client.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=tuning_job, StatusEquals="Failed", MaxResults=1
    )
    return next(iter(response["TrainingJobSummaries"]), {})


def _describe(session: Session, operation: str, request: dict) -> dict | None:
    try:
        return getattr(session.client("sagemaker"), operation)(**request)
    except AWSError as error:
        if error.is_missing_resource:
            return None
        raise
