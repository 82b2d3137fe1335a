"""Deploys the stacks of the pipeline."""

from __future__ import annotations

import re
from pathlib import Path

from mlops.aws import account, executions, notifications, stacks
from mlops.errors import InputError, InputProblem
from mlops.places import shown
from mlops.release import templates
from mlops.release.events import (
    Events,
    PipelineCreated,
    StackUnchanged,
    SubscriptionUnconfirmed,
    UnusedApiKept,
    long_step,
    step,
)
from mlops.release.repository import Repository

# An output of infra/boundaries.yml.
_BOUNDARY = re.compile(r"^  (\w+)BoundaryArn:$", re.MULTILINE)


def deploy(repository: Repository) -> Events[None]:
    """Check the templates in infra/ and deploy the pipeline's stacks one after the other.

    InputError with every fault of configuration/ and infra/, or where a permissions boundary is missing; PipelineError
    when CloudFormation rolls a stack back.
    """
    repository.check()
    session, names = repository.session, repository.names
    # Missing credentials are found here, and not after the templates are checked.
    session.account  # noqa: B018
    yield from step("Checking the templates in infra/", lambda: _lint(repository))
    if repository.configuration.production.clients_call == "api":
        account.require_api_logging(session)
    # After `mlops bootstrap`, CloudFormation uses its own role, and each role that it creates has a permissions boundary.
    bootstrap = stacks.outputs(session, names.stack("bootstrap"))
    is_new = not executions.exists(session, names.pipeline)
    boundaries = _boundaries(repository)
    for stack in templates.stacks(repository.root, repository.configuration, boundaries=boundaries):
        outcome = yield from long_step(
            f"Deploying the stack {stack.name}",
            stacks.deploy(
                session,
                stack.name,
                stack.template,
                stack.parameters,
                capabilities=stack.capabilities,
                role_arn=bootstrap.get("DeploymentRoleArn"),
                tags={"project": names.project},
            ),
        )
        if not outcome.changed:
            yield StackUnchanged(stack.name)
    api = names.stack("api")
    # A change of the configuration alone does not delete the API, which clients may still call.
    if repository.configuration.production.clients_call == "endpoint" and stacks.describe(session, api):
        yield UnusedApiKept(api)
    if is_new:
        yield PipelineCreated(names.pipeline)
    # SNS sends nothing to an address that has not confirmed, and forgets it after some days.
    address = repository.project.notification_email
    if not notifications.is_confirmed(session, names, address):
        yield SubscriptionUnconfirmed(address)


def _boundaries(repository: Repository) -> dict[str, str]:
    """The ARNs of the permissions boundaries by their names; none before `mlops bootstrap`.

    InputError after an update that needs another one.
    """
    suffix = "BoundaryArn"
    stack = repository.names.stack("boundaries")
    outputs = stacks.outputs(repository.session, stack)
    if not outputs:
        return {}
    declared = _BOUNDARY.findall((repository.root / "infra" / "boundaries.yml").read_text(encoding="utf-8"))
    missing = [name for name in declared if f"{name}{suffix}" not in outputs]
    if missing:
        raise InputError(f"The stack {stack} has no permissions boundary {', '.join(missing)}. Run: mlops bootstrap")
    return {key.removesuffix(suffix).lower(): value for key, value in outputs.items() if key.endswith(suffix)}


def _lint(repository: Repository) -> None:
    """InputError with cfn-lint's findings, before anything is deployed."""
    # Importing cfn-lint takes a second, and no other use case needs it.
    from cfnlint.api import ManualArgs, lint_by_config

    files = sorted(str(file) for file in repository.root.glob("infra/*.yml"))
    problems = [
        InputProblem(
            file=str(shown(Path(match.filename))),
            key=match.rule.id,
            found=match.message,
            allowed=match.rule.shortdesc,
            line=match.linenumber,
        )
        for match in lint_by_config(ManualArgs(templates=files, regions=[repository.project.region]))
        if match.rule.severity == "error"
    ]
    if problems:
        raise InputError("The templates in infra/ can't be deployed:", problems)
