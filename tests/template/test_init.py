"""From nothing to a repository that releases: the README's three commands, and what `mlops init` refuses.

tests/workflows/test_workflow_runs.py releases from a repository that `mlops init` has put on GitHub.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from baking import TEMPLATE
from commits import clone_template, git
from github.account import FULL_NAME, Account, open_account
from github.hub import Hub

pytestmark = pytest.mark.acceptance

BIN = Path(sys.executable).parent
# The environment of these tests in place of one that make would install; its requirements are not compared.
ENVIRONMENT = (f"VENV={BIN.parent}", "--old-file", f"{BIN.parent / '.installed'}")
AUTHOR = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "Test"), ("EMAIL", "test@example.com"))
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with open_account(tmp_path_factory.mktemp("init"), on_github=False) as account:
        yield account


@pytest.fixture
def account(cloud: Account, tmp_path: Path) -> Account:
    """An empty account, with an empty GitHub on which octocat has an account."""
    hub = Hub(tmp_path / "github", FULL_NAME)
    hub.add("users/octocat", 77)
    return replace(cloud.new_account(), hub=hub)


@pytest.fixture
def local(account: Account) -> Iterator[Path]:
    """The generated repository with a commit and without a remote."""
    yield account.repository
    subprocess.run(["git", "remote", "remove", "origin"], cwd=account.repository, capture_output=True)


def documented() -> list[str]:
    [block] = re.findall(r"## Three commands to AWS\n\n```\n(.*?)```", (TEMPLATE / "README.md").read_text(), re.DOTALL)
    commands: list[str] = block.splitlines()
    return commands


def pushed(account: Account) -> str:
    """The commit of main on GitHub."""
    return git(account.hub.folder / "git" / f"{FULL_NAME}.git", "rev-parse", "main")


def test_three_commands_lead_from_nothing_to_a_repository_that_releases(account: Account, tmp_path: Path) -> None:
    generate, prepare, publish = documented()
    assert generate == "pipx run cruft create https://github.com/OWNER/TEMPLATE"
    template = clone_template(tmp_path / "template")
    git(template, "add", "--all")
    git(template, "commit", "--quiet", "--allow-empty", "--message", "The working tree")

    def run(*words: str, directory: Path) -> None:
        environment = {**account.environment, **AUTHOR}
        done = subprocess.run(
            words, cwd=directory, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"

    run(str(BIN / "cruft"), "create", "--no-input", str(template), directory=tmp_path)
    repository = tmp_path / FULL_NAME.partition("/")[2]
    run(*prepare.split(), *ENVIRONMENT, directory=template)
    run(*publish.split(), *ENVIRONMENT, directory=repository)

    assert pushed(account) == git(repository, "rev-parse", "HEAD")
    assert git(repository, "status", "--porcelain") == ""
    assert ".cruft.json" in git(repository, "ls-files").splitlines()
    described = json.loads((account.hub.folder / "api" / "repos" / f"{FULL_NAME}.json").read_text())
    assert described["private"] is True
    assert {"AWS_REGION", "RELEASE_ROLE_ARN", "APPROVAL_ROLE_ARN"} <= account.hub.variables().keys()
    assert [each["id"] for each in account.hub.reviewers("production") or []] == [77]
    release = yaml.safe_load((repository / ".github" / "workflows" / "release.yml").read_text())
    # YAML 1.1 reads the key `on` as true.
    assert release[True]["push"] == {"branches": ["main"]}


def test_a_second_run_continues_where_the_first_one_failed(account: Account, local: Path) -> None:
    assert account.foundation().returncode == 0
    account.hub.fail("/environments/production", "gh: Upgrade to GitHub Enterprise (HTTP 422)")
    failed = account.mlops("init")
    assert failed.returncode == 1
    assert "Upgrade to GitHub Enterprise" in failed.stderr
    with pytest.raises(subprocess.CalledProcessError):
        pushed(account)
    (account.hub.folder / "api" / "repos" / f"{FULL_NAME}/environments/production.error").unlink()
    account.succeed("init")
    assert pushed(account) == git(local, "rev-parse", "HEAD")


def test_an_account_without_a_foundation_is_refused_before_anything_is_created(account: Account, local: Path) -> None:
    refused = account.mlops("init")
    assert refused.returncode == 2
    assert "make foundation" in refused.stderr
    assert not (account.hub.folder / "api" / "repos").exists()


def test_a_repository_of_the_same_name_on_github_is_not_overwritten(account: Account, local: Path) -> None:
    assert account.foundation().returncode == 0
    account.hub.create()
    refused = account.mlops("init")
    assert refused.returncode == 2
    assert f"GitHub has {FULL_NAME} already" in refused.stderr
    assert account.hub.variables() == {}
