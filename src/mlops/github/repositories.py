"""Reads from GitHub with gh: the numeric ids of a repository, its reviewers and environments."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from mlops.errors import InputError, PipelineError

_API = "https://api.github.com"
_TIMEOUT_SECONDS = 10
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")


class Renamed(InputError):
    """GitHub has the repository under another name than configuration/project.json."""


@dataclass(frozen=True)
class Ids:
    """The numeric ids of a repository and of its owner on GitHub, which the tokens of its workflows contain."""

    owner_id: str
    repository_id: str


@dataclass(frozen=True)
class Reviewer:
    """A required reviewer of an environment: a User or a Team, with its numeric id on GitHub."""

    kind: str
    id: str


@dataclass(frozen=True)
class Environment:
    """The protection of an environment: which branches may deploy to it, its reviewers, its wait timer."""

    open_to_all: bool
    names_branches: bool
    branches: tuple[str, ...]
    has_reviewers: bool
    wait_minutes: int
    prevents_self_review: bool
    admins_can_bypass: bool


def identify(name: str, owner_id: str | None, repository_id: str | None) -> Ids:
    """The ids of the repository OWNER/NAME: the given ones, the others from GitHub.

    InputError for an id that is not a number, and for a repository that does not exist, is not visible, or was renamed, as
    tokens contain the present name.
    """
    if owner_id is None or repository_id is None:
        ids = _parse(name, _by_gh(name) or _by_api(name))
        owner_id, repository_id = owner_id or ids.owner_id, repository_id or ids.repository_id
    for option, value in (("--owner-id", owner_id), ("--repository-id", repository_id)):
        if not _NUMBER.fullmatch(value):
            raise InputError(f"{option} is {value!r}; allowed are digits, such as 1234567")
    return Ids(owner_id, repository_id)


def exists(name: str) -> bool:
    """Whether GitHub shows the repository OWNER/NAME to gh."""
    return _get(f"repos/{name}") is not None


def create(name: str, root: Path, remote: str, *, public: bool) -> None:
    """Create the repository OWNER/NAME as a remote of the checkout at `root`."""
    visibility = "--public" if public else "--private"
    run([["gh", "repo", "create", name, visibility, "--source", str(root), "--remote", remote]])


def reviewer(login: str) -> Reviewer:
    """A person (LOGIN) or a team (ORGANISATION/TEAM) as environments name them. InputError when GitHub has neither."""
    organisation, _, team = login.partition("/")
    path = f"orgs/{organisation}/teams/{team}" if team else f"users/{login}"
    account = _get(path)
    if account is None:
        raise InputError(f"--reviewer is {login!r}; GitHub shows no such person, and no such team (ORGANISATION/TEAM).")
    return Reviewer("Team" if team else "User", str(account["id"]))


def environment(name: str, environment: str) -> Environment | None:
    """An environment of the repository OWNER/NAME; None when it has none of this name."""
    described = _get(f"repos/{name}/environments/{environment}")
    if described is None:
        return None
    policy = described.get("deployment_branch_policy") or {}
    branches: tuple[str, ...] = ()
    if policy.get("custom_branch_policies"):
        listed = _get(f"repos/{name}/environments/{environment}/deployment-branch-policies") or {}
        branches = tuple(each["name"] for each in listed.get("branch_policies", []))
    rules = {rule["type"]: rule for rule in described.get("protection_rules", [])}
    return Environment(
        open_to_all=not policy,
        names_branches=bool(policy.get("custom_branch_policies")),
        branches=branches,
        has_reviewers="required_reviewers" in rules,
        wait_minutes=rules.get("wait_timer", {}).get("wait_timer", 0),
        prevents_self_review=bool(rules.get("required_reviewers", {}).get("prevent_self_review")),
        admins_can_bypass=bool(described.get("can_admins_bypass", True)),
    )


def variable(name: str, key: str) -> str | None:
    """An Actions variable of the repository OWNER/NAME; None when it is not set."""
    described = _get(f"repos/{name}/actions/variables/{key}")
    return None if described is None else str(described["value"])


def _get(path: str) -> Any | None:
    """GitHub's answer to `gh api`; None for HTTP 404, PipelineError for any other failure."""
    _require_gh()
    done = subprocess.run(["gh", "api", path], capture_output=True, text=True, timeout=_TIMEOUT_SECONDS)
    if done.returncode == 0:
        return json.loads(done.stdout)
    if "HTTP 404" in done.stderr:
        return None
    raise PipelineError(f"gh api {path}: {done.stderr.strip() or done.stdout.strip()}")


def run(commands: Iterable[Sequence[str]]) -> None:
    """Run gh commands, one after the other. InputError when gh is missing, PipelineError with gh's error message."""
    _require_gh()
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise PipelineError(
                f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}. Private repositories have environments "
                "only on GitHub's paid plans, and required reviewers only with GitHub Enterprise."
                if "/environments/" in " ".join(command)
                else f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}"
            )


def _require_gh() -> None:
    if shutil.which("gh") is None:
        raise InputError(
            "gh is not installed. Install GitHub's command line, or run mlops bootstrap without --github, which prints the "
            "commands, and run those elsewhere."
        )


def _parse(name: str, body: dict[str, Any]) -> Ids:
    if body.get("full_name") != name:
        raise Renamed(
            f"The name of {name} on GitHub is {body.get('full_name')}. Write that name into configuration/project.json "
            "(github_owner, github_repository), capitals included: tokens contain it."
        )
    return Ids(str(body["owner"]["id"]), str(body["id"]))


def _by_gh(name: str) -> dict[str, Any] | None:
    """The repository from gh, which can read private ones; None when gh is missing or not signed in."""
    if shutil.which("gh") is None:
        return None
    done = subprocess.run(["gh", "api", f"repos/{name}"], capture_output=True, text=True, timeout=_TIMEOUT_SECONDS)
    return json.loads(done.stdout) if done.returncode == 0 else None


def _by_api(name: str) -> dict[str, Any]:
    request = Request(f"{_API}/repos/{name}", headers={"Accept": "application/vnd.github+json", "User-Agent": "mlops"})
    try:
        with urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
            return json.load(response)
    except HTTPError as error:
        raise InputError(
            f"GitHub shows no repository {name} ({error.code}). If it is private, sign in with gh auth login, or give "
            "--owner-id and --repository-id: gh api repos/OWNER/NAME --jq '.owner.id, .id'"
        ) from error
    except (URLError, TimeoutError) as error:
        reason = getattr(error, "reason", error)
        raise InputError(
            f"GitHub can't be reached ({reason}). Give --owner-id and --repository-id; "
            "gh api repos/OWNER/NAME --jq '.owner.id, .id' shows them."
        ) from error
