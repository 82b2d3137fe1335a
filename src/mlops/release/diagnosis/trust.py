"""Judges whom a role of the workflows trusts: jobs of this very repository, by its ids on GitHub, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mlops.github.repositories import Ids

_PROVIDER = "token.actions.githubusercontent.com"
_EXACT = ("StringEquals", "StringEqualsIgnoreCase")


@dataclass(frozen=True)
class GitHubRepository:
    """OWNER/NAME with its ids, and the files of its workflows."""

    owner: str
    name: str
    ids: Ids
    workflows: frozenset[str]

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def subject(self) -> str:
        """How subjects of tokens begin since GitHub writes ids into them."""
        return f"repo:{self.owner}@{self.ids.owner_id}/{self.name}@{self.ids.repository_id}:"

    @property
    def former_subject(self) -> str:
        """How subjects began before."""
        return f"repo:{self.full_name}:"


def faults(document: dict[str, Any], repository: GitHubRepository, *, reads_claims: bool) -> list[str]:
    """What is wrong with a role's trust policy; empty when nothing is.

    `reads_claims` says whether STS reads the repository's id and the workflow's file from tokens in this partition.
    """
    allowed = [each for each in _listed(document["Statement"]) if each["Effect"] == "Allow"]
    if not allowed:
        return ["no statement allows a principal to assume it"]
    return [fault for statement in allowed for fault in _statement(statement, repository, reads_claims)]


def _statement(statement: dict[str, Any], repository: GitHubRepository, reads_claims: bool) -> Iterator[str]:
    principal = statement.get("Principal", {})
    federated = _listed(principal.get("Federated", [])) if isinstance(principal, dict) else []
    if not federated or len(principal) > 1 or not all(each.endswith(f"/{_PROVIDER}") for each in federated):
        yield f"it trusts {principal}, and not only GitHub's identity provider"
        return
    if _claim(statement, "aud") != ["sts.amazonaws.com"]:
        yield f"it accepts tokens for the audience {_claim(statement, 'aud')}, and not only sts.amazonaws.com"
    subjects = _claim(statement, "sub")
    if not subjects:
        yield "it accepts tokens of every repository on GitHub"
    for subject in subjects:
        if not subject.startswith((repository.subject, repository.former_subject)):
            yield f"it trusts {subject}, which is not this repository (its ids: {repository.subject[:-1]})"
    if subjects and not any(each.startswith(repository.subject) for each in subjects):
        yield f"it does not trust {repository.subject[:-1]}: GitHub's tokens are refused"
    if not reads_claims:
        return
    if _claim(statement, "repository_id") != [repository.ids.repository_id]:
        yield f"its repository_id is {_claim(statement, 'repository_id')}, GitHub's is {repository.ids.repository_id}"
    for reference in _claim(statement, "job_workflow_ref"):
        file = reference.removeprefix(f"{repository.full_name}/.github/workflows/").partition("@")[0]
        if file not in repository.workflows:
            yield f"it trusts the workflow {reference}, which this repository does not have"


def _claim(statement: dict[str, Any], claim: str) -> list[str]:
    """The exact values of a claim that the statement accepts; empty where it accepts any."""
    conditions = statement.get("Condition", {})
    return [
        value for operator in _EXACT for value in _listed(conditions.get(operator, {}).get(f"{_PROVIDER}:{claim}", []))
    ]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, (str, dict)) else [value]
