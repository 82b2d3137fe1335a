"""Creates the roles of a repository's GitHub workflows in the account."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from mlops.aws import account, stacks
from mlops.errors import InputError
from mlops.github import environments, repositories
from mlops.github.repositories import Reviewer
from mlops.release import templates
from mlops.release.events import EnvironmentKept, Events, GitHubCommands, ReviewersMissing, long_step, step
from mlops.release.repository import Repository

# The environments with reviewers: their jobs approve a release, or delete everything.
REVIEWED = ("production", "destroy")
ENVIRONMENTS = ("production", "retrain", "rollback", "destroy")


def bootstrap(
    repository: Repository,
    *,
    owner_id: str | None = None,
    repository_id: str | None = None,
    pull_requests: bool = False,
    reviewers: Sequence[str] = (),
    set_on_github: bool = False,
) -> Events[None]:
    """Deploy the roles, and set variables and environments on GitHub by gh, or yield the commands that set them.

    `owner_id` and `repository_id` are numeric ids on GitHub, looked up by default; `reviewers` are logins of people or
    ORGANISATION/TEAM. InputError where the account has no identity provider of GitHub.
    """
    account.require_provider(repository.session)
    name = full_name(repository)

    def look_up() -> tuple[repositories.Ids, list[Reviewer]]:
        ids = repositories.identify(name, owner_id, repository_id)
        return ids, [repositories.reviewer(login) for login in reviewers]

    ids, requested = yield from step(f"Looking {name} up on GitHub", look_up)
    common = {"Project": repository.project.project, "Model": repository.project.model}
    yield from _deploy(repository, "boundaries", common)
    outputs = yield from _deploy(
        repository,
        "bootstrap",
        {
            **common,
            "Owner": repository.project.github_owner,
            "OwnerId": ids.owner_id,
            "Repository": repository.project.github_repository,
            "RepositoryId": ids.repository_id,
            "PullRequestRole": "true" if pull_requests else "false",
        },
    )
    variables = _variables(repository, outputs)
    if set_on_github:
        yield from _set(name, variables, requested)
    else:
        creating = [environments.create_if_missing(name, each, _reviewers_of(each, requested)) for each in ENVIRONMENTS]
        yield GitHubCommands((*creating, *(shlex.join(command) for command in variables)))
    if not requested:
        yield ReviewersMissing()


def _deploy(repository: Repository, template: str, parameters: dict[str, str]) -> Events[dict[str, str]]:
    """Deploy a template of infra/ that only a person deploys, and return its outputs."""
    stack = repository.names.stack(template)
    deployment = stacks.deploy(
        repository.session,
        stack,
        templates.compact(repository.root / "infra" / f"{template}.yml"),
        parameters,
        capabilities=("CAPABILITY_NAMED_IAM",),
        tags={"project": repository.project.project},
    )
    outcome = yield from long_step(f"Deploying the stack {stack}", deployment)
    return outcome.outputs


def _set(name: str, variables: list[list[str]], reviewers: list[Reviewer]) -> Events[None]:
    """Have gh set the variables, create the environments that are missing and complete the others."""
    found = {each: repositories.environment(name, each) for each in ENVIRONMENTS}

    def set_all() -> None:
        for environment, existing in found.items():
            requested = _reviewers_of(environment, reviewers)
            repositories.run(
                environments.commands(name, environment, requested)
                if existing is None
                else environments.missing(name, environment, existing, requested)
            )
        # Last, because the workflows work as soon as the variables are set.
        repositories.run(variables)

    yield from step("Setting environments and variables on GitHub", set_all)
    for environment, existing in found.items():
        if existing is not None:
            yield EnvironmentKept(environment, existing.open_to_all)


def _reviewers_of(environment: str, reviewers: list[Reviewer]) -> list[Reviewer] | None:
    """The reviewers of an environment; None for one without review."""
    return reviewers if environment in REVIEWED else None


def _variables(repository: Repository, outputs: dict[str, str]) -> list[list[str]]:
    """Commands of gh that give the workflows the region and their roles."""
    name = full_name(repository)
    variables = {"AWS_REGION": repository.session.region}
    for purpose in ("Release", "Approval", "Retrain", "Rollback", "Destroy", "PullRequest"):
        if f"{purpose}RoleArn" in outputs:
            words = "PULL_REQUEST" if purpose == "PullRequest" else purpose.upper()
            variables[f"{words}_ROLE_ARN"] = outputs[f"{purpose}RoleArn"]
    return [["gh", "variable", "set", key, "--repo", name, "--body", value] for key, value in variables.items()]


def full_name(repository: Repository) -> str:
    """OWNER/NAME on GitHub. InputError where configuration/project.json has none."""
    project = repository.project
    if not project.github_owner or not project.github_repository:
        raise InputError("configuration/project.json has no github_owner or github_repository.")
    return f"{project.github_owner}/{project.github_repository}"
