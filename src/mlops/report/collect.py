"""The content of a report, read from AWS: the pipeline, its jobs, and their results in the bucket."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mlops.aws import executions
from mlops.aws.executions import Execution
from mlops.aws.session import Session
from mlops.configuration import Project
from mlops.names import Names
from mlops.report import deployment, drift, logs, pipeline, results, sizes, training

Document = dict[str, Any]


def collect(session: Session, project: Project, execution_id: str | None = None) -> Document:
    """The document of an execution; without an id, of the latest one.

    Times are ISO 8601 strings, durations seconds. A part is None or empty when the execution has not produced it, or
    when it has been deleted. Raises InputError when there is no such execution.
    """
    names = Names(project.project, project.model)
    execution_id = execution_id or executions.latest(session, names.pipeline)
    execution = executions.read(session, names.pipeline, execution_id)
    bucket = names.bucket(session.account, session.region)
    trained = training.collect(session, names, execution)
    return {
        "project": project.project,
        "model": project.model,
        "region": session.region,
        "account": session.account,
        "location": results.location(bucket, execution),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        **pipeline.collect(session, names, execution),
        **trained,
        **results.collect(session, bucket, execution),
        **sizes.collect(session, trained["release"]),
        **drift.collect(session, bucket, execution.id, trained["release"]["production_execution"]),
        **deployment.collect(session, names, execution, trained["release"]),
        "logs": logs.collect(session, names, execution),
    }


def last_seen(project: Project, account: str, execution: Execution, sentence: str) -> Document:
    """The document of an execution whose local cloud has ended because of `sentence`: stages in their last known state."""
    names = Names(project.project, project.model)
    return {
        "project": project.project,
        "model": project.model,
        "region": project.region,
        "account": account,
        "location": results.location(names.bucket(account, project.region), execution),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        **pipeline.last_seen(execution, sentence),
        **training.NOTHING,
        **results.NOTHING,
        **sizes.NOTHING,
        **drift.NOTHING,
        **deployment.NOTHING,
        "logs": [],
    }
