"""`mlops destroy`: delete everything that this repository deployed to the account."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli.show import show
from mlops.errors import InputError


@click.command()
@click.option("--confirm", metavar="PROJECT", help="The project's name, as confirmation of the deletion.")
def destroy(confirm: str | None) -> None:
    """Delete all stacks of this repository, with their data.

    Deletes endpoints, pipeline, bucket with every version of code, data and models, images, model packages. Keeps the
    stacks {project}-bootstrap and {project}-boundaries: delete them by hand after this command has succeeded.
    """
    repository = release.find()
    name = repository.names.project
    # Fail on unusable credentials before asking for the confirmation.
    _ = repository.session.account
    if confirm is None:
        confirm = click.prompt(f"This deletes all data and models of {name}. Type the project's name")
    if confirm != name:
        raise InputError(f"--confirm is {confirm!r}, the project is {name!r}. Nothing was deleted.")
    show(release.destroy(repository))
