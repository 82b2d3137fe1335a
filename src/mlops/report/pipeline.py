"""The execution of the pipeline: its request, its stages, and its result."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mlops.aws import failures
from mlops.aws.executions import Action, Execution, Stage
from mlops.aws.session import Session
from mlops.names import Names, short
from mlops.report import consoles


def collect(session: Session, names: Names, execution: Execution) -> dict[str, Any]:
    """`execution`, `verdict` and `stages` of the document."""
    links = consoles.host(session.client("codepipeline").meta.endpoint_url, session.region) is not None
    return {
        "execution": _execution(execution),
        "verdict": _verdict(session, names, execution),
        "stages": [_stage(stage, links) for stage in execution.stages],
    }


def last_seen(execution: Execution, sentence: str) -> dict[str, Any]:
    """The result of `collect` for an execution that AWS no longer describes; `sentence` is the reason."""
    return {
        "execution": _execution(execution),
        "verdict": {"outcome": "failed", "sentence": sentence, "log": None},
        "stages": [_stage(stage, links=False) for stage in execution.stages],
    }


def iso(moment: datetime | None) -> str | None:
    """A time in the document's format."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds")


def seconds_between(started: datetime | None, ended: datetime | None) -> float | None:
    """Seconds from start to end, or to now without an end; None without a start."""
    if started is None:
        return None
    return round(((ended or datetime.now(UTC)) - started).total_seconds(), 3)


def _execution(execution: Execution) -> dict[str, Any]:
    return {
        "id": execution.id,
        "status": execution.status,
        "trigger": execution.variables.get("Trigger") or execution.trigger,
        "started_by": execution.variables.get("StartedBy"),
        "started": iso(execution.started),
        "ended": iso(execution.ended),
        "seconds": seconds_between(execution.started, execution.ended),
        "commit": execution.variables.get("CommitId"),
        "tune": execution.variables.get("Tune") == "true",
        "data_version": data_version(execution),
        "hyperparameters": execution.variables.get("HyperParameters", "{}"),
    }


def data_version(execution: Execution) -> str | None:
    """The S3 version of data.zip in this execution; None before its source action ran."""
    source = next((action for action in execution.actions if action.path == "Source/Data"), None)
    return (source and source.variables.get("VersionId")) or execution.revisions.get("Data")


def _verdict(session: Session, names: Names, execution: Execution) -> dict[str, Any]:
    """The result in one sentence and, for a failure, the name of the log that has the details."""
    failure = failures.explain(session, names, execution)
    if failure is not None:
        log = failure.log_name or None
        outcome = "unproven" if execution.failed_in_production else "failed"
        return {"outcome": outcome, "sentence": failure.sentence, "log": log}
    if execution.status == "Succeeded":
        return {"outcome": "released", "sentence": "The model is in production.", "log": None}
    if waiting := execution.waiting_approval:
        given = short(execution.id)
        sentence = f"{waiting.path} waits for a decision: mlops approve {given}, or mlops reject {given}."
        return {"outcome": "waiting", "sentence": sentence, "log": None}
    running = ", ".join(action.path for action in execution.actions if action.state == "InProgress")
    sentence = f"Still running: {running}." if running else "Still running."
    return {"outcome": "running", "sentence": sentence, "log": None}


def _stage(stage: Stage, links: bool) -> dict[str, Any]:
    return {
        "name": stage.name,
        "state": stage.state,
        "started": iso(stage.started),
        "ended": iso(stage.ended),
        "actions": [_action(action, links) for action in stage.actions],
    }


def _action(action: Action, links: bool) -> dict[str, Any]:
    return {
        "name": action.name,
        "path": action.path,
        "category": action.category,
        "provider": action.provider,
        "state": action.state,
        "started": iso(action.started),
        "ended": iso(action.ended),
        "seconds": seconds_between(action.started, action.ended),
        "summary": action.summary,
        "error": action.error_message,
        "by": action.updated_by.rsplit(":", 1)[-1].rsplit("/", 1)[-1] if action.category == "Approval" else "",
        "link": action.url if links and action.url.startswith("https://") else None,
    }
