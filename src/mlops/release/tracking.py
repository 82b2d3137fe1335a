"""Sends a release to MLflow as a run: parameters, metrics of each round, artifacts, and where its model is."""

from __future__ import annotations

import re
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops import names, report, tracking
from mlops.aws import executions, jobs, logs
from mlops.aws.executions import Execution
from mlops.aws.session import AWSError
from mlops.errors import InputError
from mlops.release import lineage, naming
from mlops.release.events import Events, RunTracked, step
from mlops.release.repository import Repository
from mlops.release.versions import Version
from mlops.tracking import Point, Run


def track(repository: Repository, execution: str | None = None) -> Events[str]:
    """Write an execution that has ended, by default the latest one, to the server of project.json's tracking_uri.

    Returns the run's id. InputError when no server is configured.
    """
    uri = repository.project.tracking_uri
    if not uri:
        raise InputError(
            "configuration/project.json has no tracking_uri. Allowed is the address of an MLflow server, such as "
            "http://127.0.0.1:5000, or the ARN of SageMaker's managed one."
        )
    session, pipeline = repository.session, repository.names.pipeline
    state = executions.read(session, pipeline, naming.execution_id(repository, execution))
    if not state.finished:
        raise InputError(f"The execution {state.id} is {state.status}; allowed is one that has ended.")
    with tempfile.TemporaryDirectory(prefix="mlops-") as directory:
        run_id = yield from step(f"Writing the run to {uri}", lambda: _write(repository, state, uri, Path(directory)))
    yield RunTracked(state.id, uri, run_id)
    return run_id


def _write(repository: Repository, execution: Execution, uri: str, directory: Path) -> str:
    files = report.write(repository.session, repository.project, execution.id, directory)
    artifacts = [(file, "report") for file in files.values()]
    evaluation = _download(repository, names.evaluation_key(execution.id), directory)
    if evaluation:
        artifacts.append((evaluation, "evaluation"))
    return tracking.write(uri, _run(repository, execution, artifacts))


def _run(repository: Repository, execution: Execution, artifacts: list[tuple[Path, str]]) -> Run:
    version = lineage.version(repository, execution.id)
    started, ended = _milliseconds(execution.started), _milliseconds(execution.ended)
    tested = [Point(f"test/{name}", each.value, 0, ended) for name, each in version.metrics.items()]
    return Run(
        experiment=repository.names.model_package_group,
        execution_id=execution.id,
        name=f"version {version.version}" if version.version else names.short(execution.id),
        started=started,
        ended=ended,
        succeeded=execution.status == executions.SUCCEEDED,
        parameters=version.hyperparameters,
        points=[*_rounds(repository, execution), *tested],
        tags=_tags(repository, version),
        artifacts=artifacts,
    )


def _rounds(repository: Repository, execution: Execution) -> list[Point]:
    """Every value of the training job's metrics, from its log: CloudWatch's metrics join the values of a minute."""
    name = repository.names.job(execution.id)
    job = jobs.training(repository.session, name)
    if job is None or job.log is None:
        return []
    definitions = jobs.metric_definitions(repository.session, name)
    counts: dict[str, int] = {}
    points = []
    for event in logs.follow(repository.session, job.log, finished=lambda: True):
        for metric, value in jobs.metrics_in(event.message, definitions):
            points.append(Point(_metric(metric), value, counts.get(metric, 0), _milliseconds(event.timestamp)))
            counts[metric] = counts.get(metric, 0) + 1
    return points


def _tags(repository: Repository, version: Version) -> dict[str, str]:
    tags = {
        "mlflow.source.git.commit": version.commit_id,
        "mlops.project": repository.names.project,
        "mlops.version": str(version.version or ""),
        "mlops.state": version.state,
        "mlops.data_version": version.data_version,
        "mlops.image": version.image,
        "mlops.model": version.model,
        "mlops.trigger": version.trigger,
        "mlops.requested_by": version.requested_by,
        "mlops.approver": version.approval.approver if version.approval else "",
        "mlops.comment": version.approval.comment if version.approval else "",
        "mlops.results": version.results,
    }
    return {name: value for name, value in tags.items() if value}


def _metric(name: str) -> str:
    """A metric's name in the characters that every version of MLflow takes: validation/rmse of validation:rmse."""
    return re.sub(r"[^\w./ -]", "/", name)


def _download(repository: Repository, key: str, directory: Path) -> Path | None:
    file = directory / Path(key).name
    try:
        answer: dict[str, Any] = repository.session.client("s3").get_object(Bucket=repository.bucket, Key=key)
    except AWSError as error:
        if error.code != "NoSuchKey":
            raise
        return None
    file.write_bytes(answer["Body"].read())
    return file


def _milliseconds(moment: datetime | None) -> int:
    return int(moment.timestamp() * 1000) if moment else 0
