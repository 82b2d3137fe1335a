"""Runs an execution through the stages of its pipeline, on its own thread."""

import logging

from mlops.localcloud import context
from mlops.localcloud.codepipeline import events, transitions
from mlops.localcloud.codepipeline.action_run import begin
from mlops.localcloud.codepipeline.records import (
    ActionExecution,
    Execution,
    Pipeline,
    StageExecution,
    in_run_order,
    now,
)

logger = logging.getLogger(__name__)


def start(pipeline: Pipeline, execution: Execution) -> None:
    """Run an execution from its first stage, in the background."""
    events.pipeline_changed(execution, "STARTED")
    context.spawn(_run_stages, pipeline, execution, execution.declaration["stages"], {})


def resume(pipeline: Pipeline, execution: Execution, stage: str, succeeded: dict[str, ActionExecution]) -> None:
    """Run an execution from a stage that failed, in the background, without the actions that `succeeded`."""
    events.pipeline_changed(execution, "RESUMED")
    stages = execution.declaration["stages"]
    names = [declaration["name"] for declaration in stages]
    context.spawn(_run_stages, pipeline, execution, stages[names.index(stage) :], succeeded)


def _run_stages(
    pipeline: Pipeline, execution: Execution, stages: list[dict], succeeded: dict[str, ActionExecution]
) -> None:
    for stage in stages:
        name = stage["name"]
        if not transitions.enter(pipeline, execution, name):
            return _finish(pipeline, execution, "Stopped" if execution.stopping else "Superseded")
        try:
            status = _run_stage(pipeline, execution, stage, succeeded)
            if execution.stopping:
                return _finish(pipeline, execution, "Stopped")
            if status != "Succeeded" or stage is stages[-1]:
                return _finish(pipeline, execution, status)
        except Exception:
            logger.exception("Stage %s of %s, execution %s", name, execution.pipeline_name, execution.id)
            return _finish(pipeline, execution, "Failed")
        finally:
            transitions.leave(pipeline, execution, name)
        succeeded = {}
    return None


def _run_stage(
    pipeline: Pipeline, execution: Execution, declaration: dict, succeeded: dict[str, ActionExecution]
) -> str:
    """Run the actions of a stage, those of one run order together, and return the stage's status."""
    name = declaration["name"]
    resumed = name in execution.stages
    stage = StageExecution(name, execution.id, actions=dict(succeeded))
    with pipeline.changed:
        execution.stages[name] = pipeline.latest[name] = stage
    events.stage_changed(execution, name, "RESUMED" if resumed else "STARTED")
    remaining = [action for action in declaration["actions"] if action["name"] not in succeeded]
    for actions in in_run_order(remaining):
        runs = [ActionExecution(name, action) for action in actions]
        with pipeline.changed:
            if execution.stopping:
                break
            execution.actions += runs
            stage.actions |= {run.name: run for run in runs}
        for run in runs:
            begin(pipeline, execution, run)
        with pipeline.changed:
            while any(run.status == "InProgress" for run in runs):
                pipeline.changed.wait()
        if any(run.status != "Succeeded" for run in runs):
            break
    with pipeline.changed:
        stage.status = _status(execution, stage, declaration)
        pipeline.changed.notify_all()
    events.stage_changed(execution, name, stage.status)
    return stage.status


def _status(execution: Execution, stage: StageExecution, declaration: dict) -> str:
    statuses = [run.status for run in stage.actions.values()]
    if len(statuses) == len(declaration["actions"]) and set(statuses) == {"Succeeded"}:
        return "Succeeded"
    return "Stopped" if execution.stopping else "Failed"


def _finish(pipeline: Pipeline, execution: Execution, status: str) -> None:
    with pipeline.changed:
        execution.status = status
        execution.updated = now()
        if execution.stopping:
            execution.status_summary = execution.stop_reason or ""
        pipeline.changed.notify_all()
    events.pipeline_changed(execution, status)
