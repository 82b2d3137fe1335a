"""The training: Render's request, the jobs, the trials of the tuning."""

from __future__ import annotations

import json
from typing import Any

from mlops.aws import jobs, paging
from mlops.aws.executions import Execution
from mlops.aws.jobs import Job
from mlops.aws.session import AWSError, Session
from mlops.names import Names, execution_of_model
from mlops.report.pipeline import iso, seconds_between

# This part of the document without jobs.
NOTHING: dict[str, Any] = {
    "release": {
        "image": None,
        "training_job": None,
        "hyperparameters": {},
        "configured_hyperparameters": {},
        "instance_type": None,
        "instance_count": None,
        "billable_seconds": None,
        "model_data": None,
        "model_package": None,
        "production_execution": None,
    },
    "gate": None,
    "jobs": [],
    "tuning": None,
}


def collect(session: Session, names: Names, execution: Execution) -> dict[str, Any]:
    """`release`, `gate`, `jobs` and `tuning` of the document."""
    machine = _state_machine(session, execution)
    requested = json.loads(machine.get("input") or "{}")
    output = json.loads(machine.get("output") or "{}")
    started = jobs.of_execution(session, names, execution.id)
    kinds = {job.kind for job in started}
    name = names.job(execution.id)
    return {
        "release": _release(session, requested, output, name if "training" in kinds else None),
        "gate": requested.get("Gate"),
        "jobs": [_job(job) for job in started],
        "tuning": _tuning(session, name) if "tuning" in kinds else None,
    }


def _state_machine(session: Session, execution: Execution) -> dict[str, Any]:
    """DescribeExecution's response for the state machine's execution; empty before Train started it."""
    train = next((action for action in execution.actions if action.provider == "StepFunctions"), None)
    if train is None or not train.external_id:
        return {}
    try:
        return session.client("stepfunctions").describe_execution(executionArn=train.external_id)
    except AWSError as error:
        # Step Functions keeps executions for 90 days.
        if error.code != "ExecutionDoesNotExist":
            raise
        return {}


def _release(session: Session, requested: dict, output: dict, job: str | None) -> dict[str, Any]:
    described = session.client("sagemaker").describe_training_job(TrainingJobName=job) if job else {}
    configured = requested.get("Training", {})
    training = described or configured
    image = training.get("AlgorithmSpecification", {}).get("TrainingImage")
    resources = training.get("ResourceConfig", {})
    return {
        "image": image,
        "training_job": job,
        "hyperparameters": training.get("HyperParameters", {}),
        "configured_hyperparameters": configured.get("HyperParameters", {}),
        "instance_type": resources.get("InstanceType"),
        "instance_count": resources.get("InstanceCount"),
        "billable_seconds": described.get("BillableTimeInSeconds"),
        "model_data": _model_data(requested) or described.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
        "model_package": output.get("ModelPackageArn"),
        "production_execution": _production(requested),
    }


def _production(requested: dict) -> str | None:
    """The execution whose model production served when this one was rendered; None before the first release."""
    inputs = requested.get("Evaluation", {}).get("ProcessingInputs", [])
    uri = next((each["S3Input"]["S3Uri"] for each in inputs if each["InputName"] == "production"), "")
    return execution_of_model(uri) or None


def _model_data(requested: dict) -> str | None:
    """The URI of the released copy, which is evaluated, tested and deployed."""
    copy = requested.get("ReleasedModel")
    return f"s3://{copy['Bucket']}/{copy['Key']}" if copy else None


def _job(job: Job) -> dict[str, Any]:
    return {
        "kind": job.kind,
        "name": job.name,
        "status": job.status,
        "reason": job.failure_reason,
        "started": iso(job.started),
        "ended": iso(job.ended),
        "seconds": seconds_between(job.started, job.ended),
        "metrics": job.metrics,
    }


def _tuning(session: Session, name: str) -> dict[str, Any]:
    client = session.client("sagemaker")
    job = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    configuration = job["HyperParameterTuningJobConfig"]
    objective = configuration.get("HyperParameterTuningJobObjective", {})
    summaries = paging.items(
        client,
        "list_training_jobs_for_hyper_parameter_tuning_job",
        "TrainingJobSummaries",
        HyperParameterTuningJobName=name,
        SortBy="CreationTime",
        SortOrder="Ascending",
    )
    trials = [_trial(each) for each in summaries]
    return {
        "job": name,
        "status": job["HyperParameterTuningJobStatus"],
        "strategy": configuration["Strategy"],
        "metric": objective.get("MetricName"),
        "goal": objective.get("Type"),
        "best": job.get("BestTrainingJob", {}).get("TrainingJobName"),
        "trials": trials,
    }


def _trial(summary: dict[str, Any]) -> dict[str, Any]:
    started, ended = summary.get("TrainingStartTime", summary["CreationTime"]), summary.get("TrainingEndTime")
    return {
        "name": summary["TrainingJobName"],
        "status": summary["TrainingJobStatus"],
        "hyperparameters": summary.get("TunedHyperParameters", {}),
        "objective": summary.get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value"),
        "started": iso(started),
        "ended": iso(ended),
        "seconds": seconds_between(started, ended),
        "reason": summary.get("FailureReason", ""),
    }
