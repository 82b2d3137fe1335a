"""`mlops bootstrap`: what GitHub may do with this repository in the account."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from mlops.errors import InputError

if TYPE_CHECKING:
    from mlops.cli.project import Repository

_ONLY_NAMED_BRANCHES = (
    *("-F", "deployment_branch_policy[protected_branches]=false"),
    *("-F", "deployment_branch_policy[custom_branch_policies]=true"),
)
_ENVIRONMENTS = ("production", "retrain", "rollback", "destroy")


@click.command()
@click.option("--owner-id", help="GitHub's number of the owner.  [default: looked up]")
@click.option("--repository-id", help="GitHub's number of the repository.  [default: looked up]")
@click.option(
    "--pull-request-role/--no-pull-request-role",
    "pull_requests",
    help="Whether workflows of pull requests may look at this project.  [default: no]",
)
@click.option("--github/--no-github", "sets", help="Set the variables and environments on GitHub, by gh.")
def bootstrap(owner_id: str | None, repository_id: str | None, pull_requests: bool, sets: bool) -> None:
    """Make the roles of this repository's workflows on GitHub.

    Each is for one purpose. No key is stored anywhere; GitHub's tokens say who asks. The account's foundation has to be
    there: `make foundation` in the template's repository.
    """
    from mlops.aws import account
    from mlops.cli import console, project
    from mlops.github import repositories

    repository = project.find()
    account.require_provider(repository.session)
    with console.working(f"Looking {_name(repository)} up on GitHub"):
        ids = repositories.identify(_name(repository), owner_id, repository_id)
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
        _set(_name(repository), variables)
    else:
        console.say("GitHub has to know them. Run, with gh signed in (or let mlops bootstrap --github do it):")
        for command in [*variables, *_environments(_name(repository), _ENVIRONMENTS)]:
            console.say(f"  {shlex.join(command)}")
    console.say("Give the environment production its reviewers, in the repository's settings on GitHub.")


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
            packaging.without_comments(repository.root / "infra" / f"{template}.yml"),
            parameters,
            capabilities=("CAPABILITY_NAMED_IAM",),
            tags={"project": repository.project.project},
            on_event=show,
        ).outputs


def _set(name: str, variables: list[list[str]]) -> None:
    """Have gh set the variables and make the environments that are missing."""
    from mlops.cli import console
    from mlops.github import repositories

    present = [each for each in _ENVIRONMENTS if repositories.has_environment(name, each)]
    with console.working("Setting variables and environments on GitHub"):
        missing = [each for each in _ENVIRONMENTS if each not in present]
        repositories.run([*variables, *_environments(name, missing)])
    if present:
        console.say(
            f"The environments {', '.join(present)} were there and stay as they are. "
            "See in the repository's settings that only main may deploy to them."
        )


def _variables(repository: Repository, outputs: dict[str, str]) -> list[list[str]]:
    """Commands of gh that tell the workflows the region and their roles."""
    name = _name(repository)
    variables = {"AWS_REGION": repository.session.region}
    for purpose in ("Release", "Approval", "Retrain", "Rollback", "Destroy", "PullRequest"):
        if f"{purpose}RoleArn" in outputs:
            words = "PULL_REQUEST" if purpose == "PullRequest" else purpose.upper()
            variables[f"{words}_ROLE_ARN"] = outputs[f"{purpose}RoleArn"]
    return [["gh", "variable", "set", key, "--repo", name, "--body", value] for key, value in variables.items()]


def _environments(name: str, environments: Iterable[str]) -> list[list[str]]:
    """Commands of gh that make environments to which only main may deploy."""
    commands = []
    for environment in environments:
        path = f"repos/{name}/environments/{environment}"
        commands += [
            ["gh", "api", "--method", "PUT", path, "--silent", *_ONLY_NAMED_BRANCHES],
            ["gh", "api", "--method", "POST", f"{path}/deployment-branch-policies", "--silent", "-f", "name=main"],
        ]
    return commands


def _name(repository: Repository) -> str:
    project = repository.project
    if not project.github_owner or not project.github_repository:
        raise InputError("configuration/project.json names no github_owner or github_repository.")
    return f"{project.github_owner}/{project.github_repository}"
