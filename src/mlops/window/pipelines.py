"""The pipelines: stages and actions of the newest execution, and the executions before it."""

from __future__ import annotations

from typing import Any

from mlops.aws import executions, log_locations, paging
from mlops.aws.executions import Action, Execution, Stage, Summary
from mlops.aws.session import Session
from mlops.window.times import Ended, iso

_EXECUTIONS = 8


def collect(session: Session, ended: Ended) -> list[dict[str, Any]]:
    """Each pipeline with its newest executions, the newest one first."""
    names = [each["name"] for each in paging.items(session.client("codepipeline"), "list_pipelines", "pipelines")]
    return [_pipeline(session, ended, name) for name in names]


def _pipeline(session: Session, ended: Ended, name: str) -> dict[str, Any]:
    summaries = executions.recent(session, name, limit=_EXECUTIONS)
    read = [_read(session, ended, name, each) for each in summaries]
    return {
        "name": name,
        "stages": [_stage(session, ended, each) for each in read[0].stages] if read else [],
        "executions": [_execution(*each) for each in zip(summaries, read, strict=True)],
    }


def _read(session: Session, ended: Ended, pipeline: str, summary: Summary) -> Execution:
    # With status and time of update: a retry of a stage starts an ended execution again, which is then read anew.
    key = ("execution", summary.id, summary.status, str(summary.updated))
    return ended.get(
        key, lambda: executions.read(session, pipeline, summary.id), ended=lambda execution: execution.finished
    )


def _execution(summary: Summary, execution: Execution) -> dict[str, Any]:
    variables = execution.variables
    return {
        "id": execution.id,
        "state": execution.status,
        "reason": execution.status_summary,
        "started": iso(execution.started or summary.started),
        "ended": iso(execution.ended),
        "trigger": variables.get("Trigger") or execution.trigger,
        "started_by": variables.get("StartedBy", ""),
        "why": variables.get("Reason", ""),
        "commit": variables.get("CommitId", ""),
    }


def _stage(session: Session, ended: Ended, stage: Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "state": stage.state,
        "actions": [_action(session, ended, each) for each in stage.actions],
    }


def _action(session: Session, ended: Ended, action: Action) -> dict[str, Any]:
    location = ended.get(
        ("log of action", action.execution_id),
        lambda: log_locations.of_action(session, action),
        ended=lambda found: found is not None,
    )
    return {
        "name": action.name,
        "provider": action.provider,
        "state": "Waiting" if action.waits_for_approval else action.state,
        "started": iso(action.started),
        "ended": iso(action.ended),
        "detail": action.error_message or action.summary,
        "machine": action.configuration.get("StateMachineArn", ""),
        "log": {"group": location.group, "prefix": location.prefix} if location else None,
    }
