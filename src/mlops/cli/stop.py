"""`mlops stop`: stop an execution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops.errors import InputError

if TYPE_CHECKING:
    from mlops.cli.project import Repository

# CodePipeline's limit for the reason of a stop.
_MOST_CHARACTERS = 200


@click.command()
@click.argument("execution", required=False)
@click.option("--reason", default="", help="Why. It is kept with the execution.")
def stop(execution: str | None, reason: str) -> None:
    """Stop an execution and wait for its end.

    The builds and jobs that run for it end with it. Without EXECUTION the one that runs.
    """
    from mlops.aws import executions, requested_by, stopping, watching
    from mlops.cli import console, display, project

    repository = project.find()
    session, names = repository.session, repository.names
    chosen = executions.named(session, names.pipeline, execution) if execution else _running(repository)
    why = f"stopped {requested_by.of_this_call(reason)}"[:_MOST_CHARACTERS]
    stopping.begin(session, names, chosen, why)
    with display.following() as screen:
        for state in watching.follow(session, names, chosen):
            screen.update(state)
            stopping.end_running(session, state, why)
    console.say(f"Execution {chosen} has ended as {state.status}.")


def _running(repository: Repository) -> str:
    from mlops.aws import executions

    recent = executions.recent(repository.session, repository.names.pipeline)
    running = [each for each in recent if each.status == executions.IN_PROGRESS]
    if len(running) == 1:
        return running[0].id
    if not running:
        raise InputError("No execution runs. See what has run with: mlops status")
    listed = "".join(f"\n  {each.id}" for each in running)
    raise InputError(f"{len(running)} executions run or wait. Say which one to stop, newest first:{listed}")
