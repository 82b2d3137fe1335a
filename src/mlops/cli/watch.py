"""`mlops watch`: an execution as it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops.errors import PipelineError

if TYPE_CHECKING:
    from mlops.aws.executions import Execution
    from mlops.aws.logs import LogLocation
    from mlops.cli.project import Repository

_LOG_TAIL_LINES = 8


@click.command()
@click.argument("execution", required=False)
@click.option("--until-approval", is_flag=True, help="End when the release waits for a person.")
def watch(execution: str | None, until_approval: bool) -> None:
    """Show an execution until it ends.

    Without EXECUTION the latest one. Ctrl-C leaves it running.
    """
    from mlops.aws import executions
    from mlops.cli import console, project

    repository = project.find()
    chosen = executions.named(repository.session, repository.names.pipeline, execution)
    with leaving_it_running(chosen):
        ended = watch_execution(repository, chosen, until_approval=until_approval)
    if ended.waiting_approval:
        console.say("The release waits for a person: mlops approve, or mlops reject --comment WHY")


@contextmanager
def leaving_it_running(execution_id: str) -> Iterator[None]:
    """Ctrl-C ends the watching only, and says how to come back."""
    from mlops.cli import console

    try:
        yield
    except KeyboardInterrupt:
        console.say(f"\nThe execution goes on without you. Come back with: mlops watch {execution_id}")
        raise click.exceptions.Exit(1) from None


def watch_execution(
    repository: Repository,
    execution_id: str,
    *,
    until_approval: bool = False,
    cloud_stops: bool = False,
    on_change: Callable[[Execution], None] | None = None,
) -> Execution:
    """Show the execution and return its last state. PipelineError when it ends in any way but success.

    `cloud_stops` is true when the local cloud stops after this: files name the log then. `on_change` is called with each
    state that is shown.
    """
    from mlops.cli import console

    execution = _follow(repository, execution_id, until_approval, on_change)
    raise_failure(repository, execution, cloud_stops=cloud_stops)
    if execution.finished:
        console.say(f"The release has succeeded in {console.between(execution.started, execution.ended)}.")
        _say_tuned_hyperparameters(repository, execution)
    return execution


def _say_tuned_hyperparameters(repository: Repository, execution: Execution) -> None:
    """Tuned hyperparameters are this release's: say what they are, and how the next one gets them."""
    from mlops.aws import jobs
    from mlops.cli import console

    if execution.variables.get("Tune") != "true":
        return
    if tuned := jobs.tuned_hyperparameters(repository.session, repository.names.job(execution.id)):
        settings = " ".join(f"--set {name}={value}" for name, value in tuned.items())
        console.say(f"Its tuned hyperparameters: {settings}")
        console.say(
            "The next release without --tune has those of configuration/trainingjob.json: write them there to keep"
        )
        console.say("them, or give them to mlops start.")


def raise_failure(repository: Repository, execution: Execution, *, cloud_stops: bool = False) -> None:
    """PipelineError with cause, place and end of the log, when the execution ended badly."""
    from mlops.aws import failures, logs
    from mlops.errors import printable

    failure = failures.explain(repository.session, repository.names, execution)
    if failure is None:
        return
    lines = [printable(failure.sentence)]
    if execution.failed_in_production:
        lines.append("The release is in production all the same. Take it back with: mlops rollback")
    if failure.log is not None:
        tail = failure.excerpt or [
            event.message for event in logs.tail(repository.session, failure.log, _LOG_TAIL_LINES)
        ]
        lines += [f"    {printable(line.expandtabs())}" for line in tail]
        lines.append(f"Log: {failure.log}")
        files = _files(repository, failure.log) if cloud_stops else []
        # The log of a function goes on from release to release.
        which = "" if failure.log_name.startswith("function") else f" --execution {execution.id}"
        lines += [f"All of it: {file}" for file in files] or [f"All of it: mlops logs {failure.log_name}{which}"]
    raise PipelineError("\n".join(lines))


def _files(repository: Repository, log: LogLocation) -> list[Path]:
    from mlops.cli.project import shown
    from mlops.localcloud import logfiles

    return [shown(file) for file in logfiles.find(repository.cloud_directory, log.group, log.prefix)]


def say_what_is_ahead(repository: Repository, execution: Execution) -> None:
    """Say which execution this one waits for, if it does."""
    from mlops.aws import executions
    from mlops.cli import console

    if ahead := executions.ahead_of(repository.session, execution):
        console.say(f"It waits for the execution {ahead}. See: mlops status {ahead}")


def _follow(
    repository: Repository,
    execution_id: str,
    until_approval: bool,
    on_change: Callable[[Execution], None] | None,
) -> Execution:
    from mlops.aws import watching
    from mlops.cli import display

    with display.following() as screen:
        for execution in watching.follow(repository.session, repository.names, execution_id):
            screen.update(execution)
            if on_change is not None:
                on_change(execution)
            say_what_is_ahead(repository, execution)
            if until_approval and execution.waiting_approval:
                break
    return execution
