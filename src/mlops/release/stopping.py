"""Stops an execution."""

from __future__ import annotations

from mlops.aws import executions, following, requested_by, stopping
from mlops.errors import InputError
from mlops.release.events import Events, ExecutionChanged, ExecutionFollowed, ExecutionStopped
from mlops.release.repository import Repository

# CodePipeline's limit for the reason of a stop.
_MAX_CHARACTERS = 200


def stop(repository: Repository, execution: str | None = None, *, reason: str = "") -> Events[None]:
    """Stop an execution, by default the running one, with its builds and jobs, and wait for its end.

    InputError when it has ended already or several executions run, PipelineError while it changes production.
    """
    session, names = repository.session, repository.names
    execution_id = executions.named(session, names.pipeline, execution) if execution else _running(repository)
    stop_reason = f"stopped {requested_by.of_this_call(reason)}"[:_MAX_CHARACTERS]
    stopping.begin(session, names, execution_id, stop_reason)
    for state in following.follow(session, names, execution_id):
        yield ExecutionChanged(state)
        stopping.end_running(session, state, stop_reason)
    yield ExecutionFollowed(state)
    yield ExecutionStopped(execution_id, state.status)


def _running(repository: Repository) -> str:
    recent = executions.recent(repository.session, repository.names.pipeline)
    running = [each for each in recent if each.status == executions.IN_PROGRESS]
    if len(running) == 1:
        return running[0].id
    if not running:
        raise InputError("No execution runs. See what has run with: mlops status")
    listed = "".join(f"\n  {each.id}" for each in running)
    raise InputError(f"{len(running)} executions run or wait. Give the id of the one to stop, newest first:{listed}")
