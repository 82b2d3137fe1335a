"""Follows an execution to its end."""

from __future__ import annotations

from mlops.aws import executions, failures, following, jobs, logs
from mlops.aws.executions import Execution
from mlops.aws.logs import LogLocation
from mlops.errors import PipelineError, printable
from mlops.localcloud import logfiles
from mlops.places import shown
from mlops.release import failed, naming
from mlops.release.events import (
    Events,
    ExecutionChanged,
    ExecutionFollowed,
    ExecutionQueued,
    ReleaseSucceeded,
)
from mlops.release.repository import Repository

_LOG_TAIL_LINES = 8


def watch(
    repository: Repository, execution: str | None = None, *, until_approval: bool = False, cloud_stops: bool = False
) -> Events[Execution]:
    """Follow an execution (see `naming`), by default the latest one, until it ends.

    With `until_approval`, stop following when the execution waits for an approval. Returns the execution's last state.
    PipelineError with the cause when it ends without success; with `cloud_stops`, its message names log files instead
    of commands, which need the local cloud.
    """
    execution_id = naming.execution_id(repository, execution)
    state = yield from follow(repository, execution_id, until_approval=until_approval)
    require_success(repository, state, cloud_stops=cloud_stops)
    if state.finished:
        yield ReleaseSucceeded(state, _tuned_hyperparameters(repository, state))
    return state


def follow(repository: Repository, execution_id: str, *, until_approval: bool) -> Events[Execution]:
    """Follow an execution to its end, or to its approval; return its last state, also after a failure."""
    for state in following.follow(repository.session, repository.names, execution_id):
        yield ExecutionChanged(state)
        if blocked_by := executions.blocked_by(repository.session, state):
            yield ExecutionQueued(blocked_by)
        if until_approval and state.waiting_approval:
            break
    yield ExecutionFollowed(state)
    return state


def require_success(repository: Repository, execution: Execution, *, cloud_stops: bool = False) -> None:
    """PipelineError with cause, location and end of the log, when the execution failed."""
    failure = failures.explain(repository.session, repository.names, execution)
    if failure is None:
        return
    lines = failed.cause(execution, failure)
    if failure.log is not None:
        tail = failure.excerpt or [
            event.message for event in logs.tail(repository.session, failure.log, _LOG_TAIL_LINES)
        ]
        lines += [f"    {printable(line.expandtabs())}" for line in tail]
        lines.append(f"Log: {failure.log}")
        files = _files(repository, failure.log) if cloud_stops else []
        lines += [f"Whole log: {file}" for file in files] or [f"Whole log: {failed.log_command(execution, failure)}"]
    raise PipelineError("\n".join(lines))


def _tuned_hyperparameters(repository: Repository, execution: Execution) -> dict[str, str]:
    if execution.variables.get("Tune") != "true":
        return {}
    return jobs.tuned_hyperparameters(repository.session, repository.names.job(execution.id))


def _files(repository: Repository, log: LogLocation) -> list[str]:
    return [str(shown(file)) for file in logfiles.find(repository.cloud_directory, log.group, log.prefix)]
