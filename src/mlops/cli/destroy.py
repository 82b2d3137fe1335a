"""`mlops destroy`: everything of this repository, gone from the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops.errors import InputError

if TYPE_CHECKING:
    from mlops.cli.project import Repository

# Against the order of their making: each stack is imported by those before it.
_STACKS = ("production", "test", "pipeline", "notifications", "builds", "api", "endpoints", "jobs", "storage")


@click.command()
@click.option("--confirm", metavar="PROJECT", help="The project's name, so that nobody destroys by accident.")
def destroy(confirm: str | None) -> None:
    """Delete all stacks of this repository, with their data.

    Endpoints, pipeline, bucket with every version of code, data and models, images, model packages. What bootstrap
    made stays: delete the stacks {project}-bootstrap and {project}-boundaries by hand when nothing is left to destroy.
    """
    from mlops.cli import console, project

    repository = project.find()
    name = repository.names.project
    if confirm is None:
        confirm = click.prompt(f"This deletes all data and models of {name}. Type the project's name")
    if confirm != name:
        raise InputError(f"--confirm is {confirm!r}, the project is {name!r}. Nothing was deleted.")
    _stop_executions(repository)
    for stack in _STACKS:
        _delete(repository, f"{name}-{stack}")
    _delete_logs(repository)
    console.say(
        f"Nothing of {name} is left but its stacks {name}-bootstrap and {name}-boundaries, if there are any, and the key, "
        "which AWS keeps for 30 days."
    )


def _delete(repository: Repository, stack: str) -> None:
    from mlops.aws import stacks
    from mlops.cli import console

    if stacks.describe(repository.session, stack) is None:
        return
    if stack == repository.names.stack("storage"):
        _empty(repository)
    with console.working(f"Deleting the stack {stack}") as show:
        stacks.delete(repository.session, stack, on_event=show)


def _empty(repository: Repository) -> None:
    """CloudFormation stops at a bucket, an image repository and a model package group with something in them."""
    from mlops.aws import cleanup
    from mlops.cli import console

    session, names = repository.session, repository.names
    with console.working(f"Emptying the bucket {repository.bucket}"):
        cleanup.bucket(session, repository.bucket)
    with console.working(f"Deleting the images of {names.repository}"):
        cleanup.images(session, names.repository)
    with console.working(f"Deleting the model packages of {names.model_package_group}"):
        cleanup.model_packages(session, names.model_package_group)


def _delete_logs(repository: Repository) -> None:
    from mlops.aws import cleanup
    from mlops.cli import console

    with console.working("Deleting the logs of the endpoints of all releases"):
        cleanup.endpoint_logs(repository.session, repository.names)


def _stop_executions(repository: Repository) -> None:
    from mlops.aws import executions, pipeline
    from mlops.cli import console

    if executions.exists(repository.session, repository.names.pipeline):
        with console.working("Stopping the executions of the pipeline"):
            pipeline.stop_all(repository.session, repository.names.pipeline, "the pipeline is destroyed")
