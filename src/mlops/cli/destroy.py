"""`mlops destroy`: everything of this repository, gone from the account."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli.show import show
from mlops.errors import InputError


@click.command()
@click.option("--confirm", metavar="PROJECT", help="The project's name, so that nobody destroys by accident.")
def destroy(confirm: str | None) -> None:
    """Delete all stacks of this repository, with their data.

    Endpoints, pipeline, bucket with every version of code, data and models, images, model packages. What bootstrap
    made stays: delete the stacks {project}-bootstrap and {project}-boundaries by hand when nothing is left to destroy.
    """
    repository = release.find()
    name = repository.names.project
    # Before the question: credentials that cannot be used are an answer to it already.
    _ = repository.session.account
    if confirm is None:
        confirm = click.prompt(f"This deletes all data and models of {name}. Type the project's name")
    if confirm != name:
        raise InputError(f"--confirm is {confirm!r}, the project is {name!r}. Nothing was deleted.")
    show(release.destroy(repository))
