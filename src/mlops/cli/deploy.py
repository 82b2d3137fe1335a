"""`mlops deploy`: the stacks of the pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops.cli.project import shown
from mlops.errors import InputError, InputProblem

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
    """Check the templates, deploy the stacks one after the other and show their events."""
    from mlops import packaging
    from mlops.aws import account, executions, stacks
    from mlops.cli import console

    repository.check()
    with console.working("Checking the templates in infra/"):
        _lint(repository)
    if repository.configuration.production.clients_call == "api":
        account.require_api_logging(repository.session)
    # Where the repository has been bootstrapped, CloudFormation has a role of its own, and each role that it creates a
    # boundary.
    bootstrap = stacks.outputs(repository.session, repository.names.stack("bootstrap"))
    is_new = not executions.exists(repository.session, repository.names.pipeline)
    boundaries = _boundaries(repository)
    for stack in packaging.stacks(repository.root, repository.configuration, boundaries=boundaries):
        with console.working(f"Deploying the stack {stack.name}") as show:
            outcome = stacks.deploy(
                repository.session,
                stack.name,
                stack.template,
                stack.parameters,
                capabilities=stack.capabilities,
                role_arn=bootstrap.get("DeploymentRoleArn"),
                tags={"project": repository.names.project},
                on_event=show,
            )
        if not outcome.changed:
            console.say("  It was up to date.")
    _tell_of_an_api_without_use(repository)
    if is_new:
        console.say("CodePipeline starts a new pipeline by itself. That execution fails, for nothing is uploaded yet.")
    _warn_of_unconfirmed_address(repository)


def _warn_of_unconfirmed_address(repository: Repository) -> None:
    """SNS sends nothing to an address that has not confirmed, and forgets it after some days."""
    from mlops.aws import notifications
    from mlops.cli import console

    address = repository.project.notification_email
    if not notifications.is_confirmed(repository.session, repository.names, address):
        console.say(
            f"{address} has not confirmed its subscription: until then no mail says that a release waits. AWS has sent "
            "it a mail with a link to confirm."
        )


def _boundaries(repository: Repository) -> dict[str, str]:
    """The ARNs of the permissions boundaries by the template whose roles they bound."""
    from mlops.aws import stacks

    suffix = "BoundaryArn"
    outputs = stacks.outputs(repository.session, repository.names.stack("boundaries"))
    return {key.removesuffix(suffix).lower(): value for key, value in outputs.items() if key.endswith(suffix)}


def _tell_of_an_api_without_use(repository: Repository) -> None:
    """An API that clients may still call is not taken away by a change of the configuration."""
    from mlops.aws import stacks
    from mlops.cli import console

    api = repository.names.stack("api")
    if repository.configuration.production.clients_call == "endpoint" and stacks.describe(repository.session, api):
        console.say(
            f"The stack {api} is still there, and configuration/production.yml says that clients call the endpoint."
        )
        console.say(f"When the next release is in production: aws cloudformation delete-stack --stack-name {api}")


def _lint(repository: Repository) -> None:
    """InputError with cfn-lint's findings: better before a deployment than in the midst of it."""
    from cfnlint.api import ManualArgs, lint_by_config

    templates = sorted(str(file) for file in repository.root.glob("infra/*.yml"))
    problems = [
        InputProblem(
            file=str(shown(Path(found.filename))),
            key=found.rule.id,
            found=found.message,
            allowed=found.rule.shortdesc,
            line=found.linenumber,
        )
        for found in lint_by_config(ManualArgs(templates=templates))
        if found.rule.severity == "error"
    ]
    if problems:
        raise InputError("The templates in infra/ can't be deployed:", problems)
