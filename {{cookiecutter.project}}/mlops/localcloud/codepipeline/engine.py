"""Carries executions through their stages: one stage after the other, the actions of a run order together."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from mlops.localcloud import context
from mlops.localcloud.codepipeline import actions
from mlops.localcloud.codepipeline.records import (
    ActionExecution,
    Execution,
    Pipeline,
    StageExecution,
    actions_in_order,
    pipeline,
    publish,
)
from mlops.localcloud.codepipeline.run import Abandoned, ActionFailed, Run
from mlops.localcloud.service import AWSError

logger = logging.getLogger(__name__)


def start(execution: Execution) -> None:
    """Begin an execution in the background."""
    publish("Pipeline", execution, "STARTED")
    context.spawn(_carry, execution, 0, frozenset())


def resume(execution: Execution, stage: str, keep_succeeded: bool) -> None:
    """Run a failed stage again, and what follows it. With `keep_succeeded`, only its actions that did not succeed."""
    names = [declared["name"] for declared in execution.pipeline["stages"]]
    kept = frozenset(
        run.name
        for run in execution.actions
        if keep_succeeded and run.stage == stage and run.status == "Succeeded"
    )
    execution.status, execution.status_summary = "InProgress", ""
    publish("Pipeline", execution, "RESUMED")
    context.spawn(_carry, execution, names.index(stage), kept)


def _carry(execution: Execution, first: int, kept: frozenset[str]) -> None:
    found = pipeline(execution.name)
    try:
        for index, stage in enumerate(execution.pipeline["stages"][first:]):
            if not _enter(found, execution, stage["name"]):
                return
            try:
                status = _run_stage(execution, stage, kept if index == 0 else frozenset())
            finally:
                _leave(found, execution, stage["name"])
            if status != "Succeeded":
                return _end(found, execution, status)
        _end(found, execution, "Succeeded")
    except Exception:
        logger.exception("Execution %s of %s broke", execution.id, execution.name)
        _end(found, execution, "Failed")


def _enter(found: Pipeline, execution: Execution, stage: str) -> bool:
    """Wait for the stage as the execution mode says. False when the execution ended meanwhile."""
    mode = execution.pipeline.get("executionMode", "SUPERSEDED")
    with found.changed:
        if mode != "PARALLEL":
            queue = found.waiting.setdefault(stage, [])
            queue.append(execution.id)
            found.changed.wait_for(
                lambda: (
                    execution.stopping.is_set()
                    or (mode == "SUPERSEDED" and queue[-1] != execution.id)
                    or (stage not in found.occupied and queue[0] == execution.id)
                )
            )
            superseded = mode == "SUPERSEDED" and queue[-1] != execution.id
            queue.remove(execution.id)
            found.changed.notify_all()
            if superseded and not execution.stopping.is_set():
                _set_status(found, execution, "Superseded")
                return False
            if not execution.stopping.is_set():
                found.occupied[stage] = execution.id
    if execution.stopping.is_set():
        _end(found, execution, "Stopped")
        return False
    return True


def _leave(found: Pipeline, execution: Execution, stage: str) -> None:
    with found.changed:
        if found.occupied.get(stage) == execution.id:
            del found.occupied[stage]
        found.changed.notify_all()


def _run_stage(execution: Execution, stage: dict, kept: frozenset[str]) -> str:
    state = execution.stages[stage["name"]] = StageExecution(stage["name"])
    publish("Stage", execution, "STARTED", stage=stage["name"])
    for declared in actions_in_order(stage):
        runs = [ActionExecution(stage["name"], action) for action in declared if action["name"] not in kept]
        execution.actions += runs
        with ThreadPoolExecutor(max(len(runs), 1)) as together:
            for ended in [context.submit(together, _run_action, execution, run) for run in runs]:
                ended.result()
        statuses = {run.status for run in runs}
        if execution.status == "Stopping" or "Abandoned" in statuses:
            state.status = "Stopped"
        elif "Failed" in statuses:
            state.status = "Failed"
        if state.status != "InProgress":
            break
    else:
        state.status = "Succeeded"
    publish("Stage", execution, state.status.upper(), stage=stage["name"])
    return state.status


def _run_action(execution: Execution, record: ActionExecution) -> None:
    _publish_action(execution, record, "STARTED")
    run = Run(execution, record)
    kind = record.action["actionTypeId"]
    try:
        run.resolve()
        record.inputs = [
            {"name": artifact["name"], "s3location": _location(run.artifact(artifact["name"]))}
            for artifact in record.action.get("inputArtifacts", [])
        ]
        actions.PROVIDERS[kind["category"], kind["provider"]](run)
        record.status = "Succeeded"
        if record.action.get("namespace"):
            execution.namespaces[record.action["namespace"]] = record.values
    except Abandoned:
        record.status = "Abandoned"
    except ActionFailed as failure:
        record.status, record.error = "Failed", (failure.code, failure.message)
    except (ClientError, AWSError, context.RoleNotAssumable, OSError) as error:
        record.status, record.error = "Failed", ("ConfigurationError", str(error))
    except Exception as error:
        logger.exception("Action %s of %s broke", record.name, execution.name)
        record.status, record.error = "Failed", ("InternalError", f"{type(error).__name__}: {error}")
    record.updated = datetime.now(UTC)
    _publish_action(execution, record, record.status.upper())


def _end(found: Pipeline, execution: Execution, status: str) -> None:
    if status == "Stopped":
        execution.status_summary = execution.stop_reason
    _set_status(found, execution, status)


def _set_status(found: Pipeline, execution: Execution, status: str) -> None:
    with found.changed:
        execution.status = status
        execution.updated = datetime.now(UTC)
        found.changed.notify_all()
    publish("Pipeline", execution, status.upper())


def _publish_action(execution: Execution, record: ActionExecution, state: str) -> None:
    publish(
        "Action",
        execution,
        state,
        stage=record.stage,
        action=record.name,
        region=context.region(),
        type=record.action["actionTypeId"],
        **{"action-execution-id": record.id},
    )


def _location(place: dict) -> dict:
    return {"bucket": place["bucketName"], "key": place["objectKey"]}
