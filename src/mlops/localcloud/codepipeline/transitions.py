"""Transitions between stages: which execution may enter a stage, and when.

Source: AWS CodePipeline User Guide, "How pipeline executions work".
"""

from mlops.localcloud.codepipeline.records import Execution, Pipeline


def enter(pipeline: Pipeline, execution: Execution, stage: str) -> bool:
    """Wait for the stage according to the execution mode, and lock it. False when the execution ends here instead.

    QUEUED enters in the order of arrival; under SUPERSEDED a later execution takes the place of one that
    waits; PARALLEL does not wait. An execution that is stopped while it waits ends as well.
    """
    with pipeline.changed:
        if execution.mode == "PARALLEL":
            return not execution.stopping
        waiting = pipeline.waiting.setdefault(stage, [])
        waiting.append(execution)
        if execution.mode == "SUPERSEDED":
            _supersede(waiting)
        pipeline.changed.notify_all()
        pipeline.changed.wait_for(lambda: _ended(execution) or _may_enter(pipeline, execution, stage))
        waiting.remove(execution)
        pipeline.changed.notify_all()
        if _ended(execution):
            return False
        pipeline.occupants[stage] = execution
        return True


def leave(pipeline: Pipeline, execution: Execution, stage: str) -> None:
    """Unlock the stage."""
    with pipeline.changed:
        if pipeline.occupants.get(stage) is execution:
            del pipeline.occupants[stage]
            pipeline.changed.notify_all()


def _supersede(waiting: list[Execution]) -> None:
    newest = max(waiting, key=lambda execution: execution.started)
    for execution in waiting:
        if execution is not newest and not execution.stopping:
            execution.status = "Superseded"


def _ended(execution: Execution) -> bool:
    return execution.stopping or execution.status == "Superseded"


def _may_enter(pipeline: Pipeline, execution: Execution, stage: str) -> bool:
    return stage not in pipeline.occupants and pipeline.waiting[stage][0] is execution
