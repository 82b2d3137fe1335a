"""The gh commands that create environments on GitHub to which only the branch main can deploy."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from mlops.github.repositories import Environment, Reviewer

_BRANCH = "main"
_ONLY_NAMED_BRANCHES = (
    *("-F", "deployment_branch_policy[protected_branches]=false"),
    *("-F", "deployment_branch_policy[custom_branch_policies]=true"),
)
# By default GitHub lets authors approve their own change, and administrators skip the review.
_SECOND_PERSON = ("-F", "prevent_self_review=true", "-F", "can_admins_bypass=false")


def commands(name: str, environment: str, reviewers: Sequence[Reviewer] | None) -> list[list[str]]:
    """Create an environment of the repository OWNER/NAME. `reviewers` approve each of its jobs; None for no review."""
    return [
        _put(name, environment, *_ONLY_NAMED_BRANCHES, *_review(reviewers)),
        _allow_branch(name, environment),
    ]


def missing(
    name: str, environment: str, existing: Environment, reviewers: Sequence[Reviewer] | None
) -> list[list[str]]:
    """Complete an existing environment: reviewers where it has none, the branch where its list of branches is empty.

    A PUT removes the settings that it omits, so it repeats the existing ones.
    """
    needed = []
    if reviewers and not existing.has_reviewers:
        wait = ("-F", f"wait_timer={existing.wait_minutes}")
        needed.append(_put(name, environment, *_branches(existing), *wait, *_review(reviewers)))
    if existing.names_branches and not existing.branches:
        needed.append(_allow_branch(name, environment))
    return needed


def create_if_missing(name: str, environment: str, reviewers: Sequence[Reviewer] | None) -> str:
    """A shell command that creates an environment unless it exists."""
    creating = " && ".join(shlex.join(command) for command in commands(name, environment, reviewers))
    return f"gh api {_path(name, environment)} --silent 2>&1 | grep -q 'HTTP 404' && {creating}"


def _put(name: str, environment: str, *fields: str) -> list[str]:
    return ["gh", "api", "--method", "PUT", _path(name, environment), "--silent", *fields]


def _branches(environment: Environment) -> Sequence[str]:
    if environment.open_to_all:
        return ("-F", "deployment_branch_policy=null")
    if environment.names_branches:
        return _ONLY_NAMED_BRANCHES
    return (
        *("-F", "deployment_branch_policy[protected_branches]=true"),
        *("-F", "deployment_branch_policy[custom_branch_policies]=false"),
    )


def _review(reviewers: Sequence[Reviewer] | None) -> list[str]:
    if reviewers is None:
        return []
    fields = [("-F", f"reviewers[][type]={each.kind}", "-F", f"reviewers[][id]={each.id}") for each in reviewers]
    return [*_SECOND_PERSON, *(word for words in fields for word in words)]


def _allow_branch(name: str, environment: str) -> list[str]:
    path = f"{_path(name, environment)}/deployment-branch-policies"
    return ["gh", "api", "--method", "POST", path, "--silent", "-f", f"name={_BRANCH}"]


def _path(name: str, environment: str) -> str:
    return f"repos/{name}/environments/{environment}"
