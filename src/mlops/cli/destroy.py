"""`mlops destroy`: delete everything that this repository deployed to the account."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli.show import show
from mlops.errors import InputError


@click.command()
@click.option("--plan", "only_plan", is_flag=True, help="List what would be deleted and what would stay, and end.")
@click.option("--confirm", metavar="PROJECT", help="The project's name, as confirmation of the deletion.")
def destroy(only_plan: bool, confirm: str | None) -> None:
    """Delete all stacks of this repository, with their data.

    Lists first what is deleted (endpoints, pipeline, bucket with every version of code, data and models, images, model
    packages, logs) and what stays, and why. Keeps the stacks {project}-bootstrap and {project}-boundaries: delete them
    by hand after this command has succeeded.
    """
    repository = release.find()
    name = repository.names.project
    if confirm not in (None, name):
        raise InputError(f"--confirm is {confirm!r}, the project is {name!r}. Nothing was deleted.")
    plan = show(release.plan_destruction(repository))
    if only_plan:
        return
    if confirm is None:
        confirm = _prompt(name)
    if confirm != name:
        raise InputError(f"The project is {name!r}, not {confirm!r}. Nothing was deleted.")
    show(release.destroy(repository, plan))


def _prompt(name: str) -> str:
    try:
        typed: str = click.prompt(f"This deletes all data and models of {name}. Type the project's name")
    except click.Abort:
        raise InputError(
            f"Nothing was typed, and nothing was deleted. Without a terminal, add --confirm {name}."
        ) from None
    return typed
