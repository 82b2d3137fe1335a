"""SageMaker's jobs of every kind, newest first, with the curves of their metrics."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mlops.aws import logs
from mlops.aws.logs import LogLocation
from mlops.aws.session import Session
from mlops.window.times import Ended, iso

_NEWEST = 12
_LOG_LINES = 5000
_MOST_POINTS = 400
# The log of a job that has just ended may still grow.
_LOG_DELAY = timedelta(seconds=10)
_RUNNING = ("InProgress", "Stopping")


@dataclass(frozen=True)
class _Kind:
    """How SageMaker's API names a kind of job, and the members of a description that its times are in."""

    name: str
    noun: str
    listing: str
    summaries: str
    started: str
    ended: str
    group: str


_KINDS = (
    _Kind(
        "tuning",
        "HyperParameterTuningJob",
        "hyper_parameter_tuning_job",
        "HyperParameterTuningJobSummaries",
        "CreationTime",
        "HyperParameterTuningEndTime",
        "",
    ),
    _Kind(
        "training",
        "TrainingJob",
        "training_job",
        "TrainingJobSummaries",
        "TrainingStartTime",
        "TrainingEndTime",
        "/aws/sagemaker/TrainingJobs",
    ),
    _Kind(
        "processing",
        "ProcessingJob",
        "processing_job",
        "ProcessingJobSummaries",
        "ProcessingStartTime",
        "ProcessingEndTime",
        "/aws/sagemaker/ProcessingJobs",
    ),
    _Kind(
        "transform",
        "TransformJob",
        "transform_job",
        "TransformJobSummaries",
        "TransformStartTime",
        "TransformEndTime",
        "/aws/sagemaker/TransformJobs",
    ),
)


def collect(session: Session, ended: Ended) -> list[dict[str, Any]]:
    """The newest jobs of all kinds. The trials of a tuning job are jobs as well."""
    found = [job for kind in _KINDS for job in _of_kind(session, ended, kind)]
    return sorted(found, key=lambda job: job["created"], reverse=True)


def _of_kind(session: Session, ended: Ended, kind: _Kind) -> list[dict[str, Any]]:
    client = session.client("sagemaker")
    listed = getattr(client, f"list_{kind.listing}s")(
        SortBy="CreationTime", SortOrder="Descending", MaxResults=_NEWEST
    )[kind.summaries]
    return [
        ended.get(("job", kind.name, each[f"{kind.noun}Name"]), _describing(session, kind, each), ended=_is_over)
        for each in listed
    ]


def _describing(session: Session, kind: _Kind, summary: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    return lambda: _job(session, kind, summary[f"{kind.noun}Name"])


def _is_over(job: dict[str, Any]) -> bool:
    return (
        job["state"] not in _RUNNING
        and bool(job["ended"])
        and datetime.now(UTC) - datetime.fromisoformat(job["ended"]) > _LOG_DELAY
    )


def _job(session: Session, kind: _Kind, name: str) -> dict[str, Any]:
    described = getattr(session.client("sagemaker"), f"describe_{kind.listing}")(**{f"{kind.noun}Name": name})
    location = LogLocation(kind.group, f"{name}/") if kind.group else None
    return {
        "kind": kind.name,
        "name": name,
        "state": described[f"{kind.noun}Status"],
        "detail": described.get("SecondaryStatus", ""),
        # The program of a processing job writes ExitMessage.
        "reason": described.get("ExitMessage") or described.get("FailureReason", ""),
        "created": iso(described["CreationTime"]),
        "started": iso(described.get(kind.started)),
        "ended": iso(described.get(kind.ended)),
        "instances": _instances(described),
        "trials": described.get("TrainingJobStatusCounters"),
        "best": _best(described),
        "tuned_by": described.get("TuningJobArn", "").rpartition("/")[2],
        "metrics": _metrics(session, described, location) if kind.name == "training" and location else [],
        "log": {"group": location.group, "prefix": location.prefix} if location else None,
    }


def _instances(described: dict[str, Any]) -> str:
    resources = (
        described.get("ResourceConfig")
        or described.get("ProcessingResources", {}).get("ClusterConfig")
        or described.get("TransformResources", {})
    )
    return f"{resources['InstanceCount']} × {resources['InstanceType']}" if "InstanceType" in resources else ""


def _best(described: dict[str, Any]) -> dict[str, Any] | None:
    best = described.get("BestTrainingJob", {})
    objective = best.get("FinalHyperParameterTuningJobObjectiveMetric")
    if objective is None:
        return None
    return {"job": best["TrainingJobName"], "metric": objective["MetricName"], "value": objective["Value"]}


def _metrics(session: Session, described: dict[str, Any], location: LogLocation) -> list[dict[str, Any]]:
    """The values of each metric in the order of the log: CloudWatch keeps one a minute, and the log all."""
    definitions = described["AlgorithmSpecification"].get("MetricDefinitions", [])
    lines = [event.message for event in logs.tail(session, location, _LOG_LINES)] if definitions else []
    final = {each["MetricName"]: each["Value"] for each in described.get("FinalMetricDataList", [])}
    curves = curves_of(lines, definitions)
    return [
        {"name": name, "values": thinned(curves.get(name, [])), "final": final.get(name)}
        for name in dict.fromkeys([*(each["Name"] for each in definitions), *final])
    ]


def curves_of(lines: list[str], definitions: list[dict[str, str]]) -> dict[str, list[float]]:
    """What each of a training job's MetricDefinitions (Name, Regex with a group) captures, line by line."""
    curves: dict[str, list[float]] = {}
    for definition in definitions:
        expression = re.compile(definition["Regex"])
        found = (expression.search(line) for line in lines)
        curves[definition["Name"]] = [value for match in found if match and (value := _number(match[1])) is not None]
    return curves


def thinned(values: list[float]) -> list[float]:
    """At most so many values as a chart can show, evenly chosen, the last one among them."""
    step = -(-len(values) // _MOST_POINTS)
    return values[::-1][::step][::-1] if step > 1 else values


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    # JSON has no number for infinity and NaN.
    return value if abs(value) < float("inf") else None
