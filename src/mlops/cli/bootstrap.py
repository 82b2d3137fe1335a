"""`mlops bootstrap`: what GitHub may do with this repository in the account."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from mlops.errors import InputError

if TYPE_CHECKING:
    from mlops.cli.project import Repository
    from mlops.github.repositories import Environment, Reviewer

# The environments with reviewers: jobs of one release, those of the other delete everything.
_REVIEWED = ("production", "destroy")
_ENVIRONMENTS = ("production", "retrain", "rollback", "destroy")


@click.command()
@click.option("--owner-id", help="GitHub's number of the owner.  [default: looked up]")
@click.option("--repository-id", help="GitHub's number of the repository.  [default: looked up]")
@click.option(
    "--pull-request-role/--no-pull-request-role",
    "pull_requests",
    help="Whether workflows of pull requests may look at this project.  [default: no]",
)
@click.option(
    "--reviewer",
    "logins",
    multiple=True,
    help="Who is asked before a release and before everything is deleted: a person's login or ORGANISATION/TEAM. "
    "May be given several times.",
)
@click.option("--github/--no-github", "sets", help="Set the variables and environments on GitHub, by gh.")
def bootstrap(
    owner_id: str | None, repository_id: str | None, pull_requests: bool, logins: tuple[str, ...], sets: bool
) -> None:
    """Make the roles of this repository's workflows on GitHub.

    Each is for one purpose. No key is stored anywhere; GitHub's tokens say who asks. The account's foundation has to be
    there: `make foundation` in the template's repository.
    """
    from mlops.aws import account
    from mlops.cli import console, project
    from mlops.github import environments, repositories

    repository = project.find()
    account.require_provider(repository.session)
    with console.working(f"Looking {_name(repository)} up on GitHub"):
        ids = repositories.identify(_name(repository), owner_id, repository_id)
        reviewers = [repositories.reviewer(login) for login in logins]
    model = {"Project": repository.project.project, "Model": repository.project.model}
    _deploy(repository, "boundaries", model)
    outputs = _deploy(
        repository,
        "bootstrap",
        {
            **model,
            "Owner": repository.project.github_owner,
            "OwnerId": ids.owner_id,
            "Repository": repository.project.github_repository,
            "RepositoryId": ids.repository_id,
            "PullRequestRole": "true" if pull_requests else "false",
        },
    )
    variables = _variables(repository, outputs)
    if sets:
        _set(_name(repository), variables, reviewers)
    else:
        console.say("GitHub has to know them. Run, with gh signed in (or let mlops bootstrap --github do it):")
        for environment in _ENVIRONMENTS:
            console.say(
                f"  {environments.unless_there(_name(repository), environment, _reviewers_of(environment, reviewers))}"
            )
        for command in variables:
            console.say(f"  {shlex.join(command)}")
    if not reviewers:
        console.say(
            "Give the environments production and destroy their reviewers, in the repository's settings on GitHub or "
            "with --reviewer: without them nothing is approved, and who may write may delete everything."
        )


def _deploy(repository: Repository, template: str, parameters: dict[str, str]) -> dict[str, str]:
    """Deploy a template of infra/ that only a person deploys, and return its outputs."""
    from mlops import packaging
    from mlops.aws import stacks
    from mlops.cli import console

    stack = repository.names.stack(template)
    with console.working(f"Deploying the stack {stack}") as show:
        return stacks.deploy(
            repository.session,
            stack,
            packaging.compact(repository.root / "infra" / f"{template}.yml"),
            parameters,
            capabilities=("CAPABILITY_NAMED_IAM",),
            tags={"project": repository.project.project},
            on_event=show,
        ).outputs


def _set(name: str, variables: list[list[str]], reviewers: list[Reviewer]) -> None:
    """Have gh set the variables, make the environments that are missing and complete the others."""
    from mlops.cli import console
    from mlops.github import environments, repositories

    present = {each: repositories.environment(name, each) for each in _ENVIRONMENTS}
    with console.working("Setting environments and variables on GitHub"):
        for environment, found in present.items():
            reviewing = _reviewers_of(environment, reviewers)
            repositories.run(
                environments.commands(name, environment, reviewing)
                if found is None
                else environments.missing(name, environment, found, reviewing)
            )
        # Last, because the workflows work as soon as the variables are set.
        repositories.run(variables)
    for environment, found in present.items():
        if found is not None:
            console.say(f"The environment {environment} was there and keeps its settings.{_warning(found)}")


def _reviewers_of(environment: str, reviewers: list[Reviewer]) -> list[Reviewer] | None:
    """The reviewers of an environment; None for one without review."""
    return reviewers if environment in _REVIEWED else None


def _warning(found: Environment) -> str:
    return " Every branch may deploy to it: in the repository's settings, allow main only." if found.open_to_all else ""


def _variables(repository: Repository, outputs: dict[str, str]) -> list[list[str]]:
    """Commands of gh that tell the workflows the region and their roles."""
    name = _name(repository)
    variables = {"AWS_REGION": repository.session.region}
    for purpose in ("Release", "Approval", "Retrain", "Rollback", "Destroy", "PullRequest"):
        if f"{purpose}RoleArn" in outputs:
            words = "PULL_REQUEST" if purpose == "PullRequest" else purpose.upper()
            variables[f"{words}_ROLE_ARN"] = outputs[f"{purpose}RoleArn"]
    return [["gh", "variable", "set", key, "--repo", name, "--body", value] for key, value in variables.items()]


def _name(repository: Repository) -> str:
    project = repository.project
    if not project.github_owner or not project.github_repository:
        raise InputError("configuration/project.json names no github_owner or github_repository.")
    return f"{project.github_owner}/{project.github_repository}"
