"""`mlops watch`: follow an execution."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from mlops import release
from mlops.cli import console
from mlops.cli.show import show
from mlops.errors import MlopsError
from mlops.names import short
from mlops.release import naming


@click.command()
@click.argument("execution", required=False)
@click.option("--until-approval", is_flag=True, help="End when the release waits for an approval.")
def watch(execution: str | None, until_approval: bool) -> None:
    """Show an execution until it ends.

    EXECUTION is its id, the beginning of it, or the number of its version; by default the latest one. Ctrl-C ends this
    command and leaves the execution running.
    """
    repository = release.find()
    chosen = naming.execution_id(repository, execution)
    with continue_on_interrupt(chosen):
        ended = show(release.watch(repository, chosen, until_approval=until_approval))
    if ended.finished and repository.project.tracking_uri:
        _track(repository, ended.id)
    if ended.waiting_approval:
        given = short(ended.id)
        console.write(
            f"The release waits for an approval: mlops approve {given}, or mlops reject {given} --comment WHY"
        )


def _track(repository: release.Repository, execution_id: str) -> None:
    """Write the run to MLflow. The release has succeeded, whatever MLflow's server answers."""
    try:
        show(release.track(repository, execution_id))
    except MlopsError as error:
        console.write(f"The run is not tracked: {error}")
        console.write(f"Track it later with: mlops track {execution_id}")


@contextmanager
def continue_on_interrupt(execution_id: str) -> Iterator[None]:
    """On Ctrl-C, print the command that follows the execution again, and exit."""
    try:
        yield
    except KeyboardInterrupt:
        console.write(f"\nThe execution continues. Follow it again with: mlops watch {execution_id}")
        raise click.exceptions.Exit(1) from None
