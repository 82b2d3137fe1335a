"""`mlops deploy`: the stacks of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mlops.cli.project import Repository


@click.command()
def deploy() -> None:
    """Create the pipeline, or bring it up to date.

    Its stacks follow from infra/ and configuration/.
    """
    from mlops.cli import console, project

    deploy_pipeline(project.find())
    console.say("Release with: mlops start")


def deploy_pipeline(repository: Repository) -> None:
    """Deploy the stacks one after the other and show their events."""
    from mlops import packaging
    from mlops.aws import stacks
    from mlops.cli import console

    for stack in packaging.stacks(repository.root, repository.configuration):
        with console.working(f"Deploying the stack {stack.name}") as show:
            outcome = stacks.deploy(
                repository.session,
                stack.name,
                stack.template,
                stack.parameters,
                capabilities=stack.capabilities,
                tags={"project": repository.names.project},
                on_event=show,
            )
        if not outcome.changed:
            console.say("  It was up to date.")
