"""Everything that a report tells, read from AWS: the pipeline, its jobs, and what they left in the bucket."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mlops.aws import executions
from mlops.aws.executions import Execution
from mlops.aws.session import Session
from mlops.configuration import Project
from mlops.names import Names
from mlops.report import deployment, logs, pipeline, results, training

Document = dict[str, Any]


def collect(session: Session, project: Project, execution_id: str | None = None) -> Document:
    """The document of an execution, without an id of the latest one.

    Times are ISO 8601 strings, durations seconds. A part that the execution did not come to, or that is gone by now,
    is None or empty. InputError when there is no such execution.
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
        "place": results.place(bucket, execution),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        **pipeline.collect(session, names, execution),
        **trained,
        **results.collect(session, bucket, execution),
        **deployment.collect(session, names, execution, trained["release"]),
        "logs": logs.collect(session, names, execution),
    }


def last_seen(project: Project, account: str, execution: Execution, sentence: str) -> Document:
    """The document of an execution whose local cloud has ended: its stages in their last known state, and the reason."""
    names = Names(project.project, project.model)
    return {
        "project": project.project,
        "model": project.model,
        "region": project.region,
        "account": account,
        "place": results.place(names.bucket(account, project.region), execution),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        **pipeline.last_seen(execution, sentence),
        **training.NOTHING,
        **results.NOTHING,
        **deployment.NOTHING,
        "logs": [],
    }
