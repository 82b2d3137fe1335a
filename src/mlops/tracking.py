"""Writes a run to MLflow by its own client, which alone knows every kind of server, store and authentication.

The client is the package's extra `mlflow`. Importing this module does not import it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mlops.errors import InputError, PipelineError

# The limits of MLflow's REST API for one request (log-batch).
_MOST_METRICS, _MOST_PARAMETERS, _LONGEST_PARAMETER = 1000, 100, 6000
_EXECUTION = "mlops.execution"

Item = TypeVar("Item")


@dataclass(frozen=True)
class Point:
    """A value of a metric: at a round of the training, or at round 0 of the test set. Times are milliseconds."""

    metric: str
    value: float
    round: int
    time: int


@dataclass(frozen=True)
class Run:
    """One release as a run. `execution_id` identifies it on the server; artifacts are files by their folder there."""

    experiment: str
    execution_id: str
    name: str
    started: int
    ended: int
    succeeded: bool
    parameters: Mapping[str, str]
    points: Sequence[Point]
    tags: Mapping[str, str]
    artifacts: Sequence[tuple[Path, str]]


def write(uri: str, run: Run) -> str:
    """Write the run, and return its id. A run that the server has of this execution is returned as it is.

    InputError where the client is not installed, PipelineError where the server refuses.
    """
    # The client would otherwise report its use to MLflow's authors.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # Seven attempts with growing pauses would take minutes where the server is down.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    try:
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise InputError(
            "configuration/project.json has a tracking_uri, but MLflow's client is not installed. Run: "
            "pip install mlflow-skinny sagemaker-mlflow"
        ) from error
    try:
        client = MlflowClient(tracking_uri=uri)
        known = client.get_experiment_by_name(run.experiment)
        experiment = known.experiment_id if known else client.create_experiment(run.experiment)
        found = client.search_runs([experiment], f"tags.`{_EXECUTION}` = '{run.execution_id}'", max_results=1)
        if found and found[0].info.status in ("FINISHED", "FAILED"):
            return str(found[0].info.run_id)
        # A run that an interrupted call has left is continued.
        tags = {**run.tags, _EXECUTION: run.execution_id, "mlflow.runName": run.name}
        run_id = str((found[0] if found else client.create_run(experiment, run.started, tags)).info.run_id)
        for some in _batches(list(run.parameters.items()), _MOST_PARAMETERS):
            client.log_batch(run_id, params=[Param(name, value[:_LONGEST_PARAMETER]) for name, value in some])
        for points in _batches(run.points, _MOST_METRICS):
            client.log_batch(
                run_id, metrics=[Metric(each.metric, each.value, each.time, each.round) for each in points]
            )
        for file, folder in run.artifacts:
            client.log_artifact(run_id, str(file), folder or None)
        client.set_terminated(run_id, "FINISHED" if run.succeeded else "FAILED", run.ended)
    except MlflowException as error:
        raise PipelineError(f"MLflow at {uri} has refused the run: {error}") from error
    return run_id


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
