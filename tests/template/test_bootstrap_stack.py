"""`mlops bootstrap` creates GitHub's environments, and the approval workflow requires their protection rules."""

import itertools
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from github.account import FULL_NAME, Account, open_account
from github.hub import Hub

pytestmark = pytest.mark.acceptance

ENVIRONMENTS = ("production", "retrain", "rollback", "destroy")
REVIEWED = ("production", "destroy")
FOLDERS = itertools.count()


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with open_account(tmp_path_factory.mktemp("bootstrap")) as account:
        done = account.foundation()
        assert done.returncode == 0, done.stdout + done.stderr
        yield account


@pytest.fixture
def account(founded: Account) -> Account:
    """The account, and a GitHub with the repository, a person and a team."""
    hub = Hub(founded.home / f"github-{next(FOLDERS)}", FULL_NAME)
    hub.create()
    hub.add("users/octocat", 583231)
    hub.add("orgs/octo-org/teams/releasers", 42)
    return replace(founded, hub=hub)


def bootstrapped(account: Account, *words: str) -> str:
    done = account.bootstrap(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_only_main_may_deploy_to_the_environments(account: Account) -> None:
    bootstrapped(account)
    assert {name: account.hub.branches(name) for name in ENVIRONMENTS} == {name: ["main"] for name in ENVIRONMENTS}


def test_bootstrap_without_reviewers_recommends_the_option(account: Account) -> None:
    assert "--reviewer" in bootstrapped(account)
    assert account.hub.reviewers("production") is None


def test_people_and_teams_review_releases_and_deletion(account: Account) -> None:
    bootstrapped(account, "--reviewer", "octocat", "--reviewer", "octo-org/releasers")
    reviewers = [{"type": "User", "id": 583231}, {"type": "Team", "id": 42}]
    assert {name: account.hub.reviewers(name) for name in ENVIRONMENTS} == {
        name: reviewers if name in REVIEWED else None for name in ENVIRONMENTS
    }


def test_authors_and_administrators_cannot_bypass_the_review(account: Account) -> None:
    bootstrapped(account, "--reviewer", "octocat")
    for name in REVIEWED:
        found = account.hub.environment(name)
        assert found["can_admins_bypass"] is False
        assert [rule["prevent_self_review"] for rule in found["protection_rules"]] == [True]


def test_a_second_bootstrap_keeps_the_reviewers(account: Account) -> None:
    bootstrapped(account, "--reviewer", "octocat")
    before = account.hub.environment("production")
    assert "The environment production existed already and keeps its settings" in bootstrapped(account)
    assert account.hub.environment("production") == before


def test_bootstrap_adds_reviewers_to_an_environment_without_any(account: Account) -> None:
    bootstrapped(account)
    bootstrapped(account, "--reviewer", "octocat")
    assert account.hub.reviewers("production") == [{"type": "User", "id": 583231}]
    assert account.hub.environment("production")["deployment_branch_policy"] == {
        "protected_branches": False,
        "custom_branch_policies": True,
    }


def test_bootstrap_adds_the_branch_policy_that_an_interrupted_one_did_not(account: Account) -> None:
    bootstrapped(account)
    account.hub.forget_branches("production")
    bootstrapped(account)
    assert account.hub.branches("production") == ["main"]


def test_an_environment_that_cannot_be_read_is_not_replaced(account: Account) -> None:
    bootstrapped(account, "--reviewer", "octocat")
    before = account.hub.environment("production")
    account.hub.fail("/environments/production", "gh: API rate limit exceeded (HTTP 403)")
    done = account.bootstrap()
    assert done.returncode == 1
    assert "API rate limit exceeded" in done.stderr
    assert account.hub.environment("production") == before


def test_bootstrap_fails_if_githubs_plan_has_no_environments(account: Account) -> None:
    account.hub.fail("/environments/production/deployment-branch-policies", "gh: Upgrade your plan (HTTP 403)")
    done = account.bootstrap()
    assert done.returncode == 1
    assert "GitHub's paid plans" in done.stderr
    assert account.hub.variables() == {}


def test_an_unknown_reviewer_is_refused_before_anything_is_created(account: Account) -> None:
    done = account.bootstrap("--reviewer", "nobody-of-this-name")
    assert done.returncode == 2
    assert "--reviewer is 'nobody-of-this-name'" in done.stderr
    assert account.hub.variables() == {}


def test_the_printed_commands_create_missing_environments(account: Account) -> None:
    bootstrapped(account, "--reviewer", "octocat")
    before = account.hub.environment("production")
    account.hub.remove("destroy")
    printed = account.succeed("bootstrap", "--reviewer", "octo-org/releasers")
    for line in printed.splitlines():
        if line.startswith("  gh "):
            subprocess.run(["bash", "-c", line], env=account.environment, capture_output=True, text=True)
    assert account.hub.environment("production") == before
    assert account.hub.reviewers("destroy") == [{"type": "Team", "id": 42}]


SETTINGS = {
    "reviewers": ({"required": True}, True, ""),
    "no reviewers": ({"required": False}, False, "has no required reviewers"),
    "authors": ({"required": True, "prevent_self_review": False}, False, "prevent self-review"),
    "administrators": ({"required": True, "can_admins_bypass": True}, False, "administrators"),
}


@pytest.mark.parametrize(("settings", "approved", "words"), SETTINGS.values(), ids=SETTINGS)
def test_approval_fails_without_a_review_that_binds_authors_and_administrators(
    account: Account, settings: dict[str, bool], approved: bool, words: str
) -> None:
    account.hub.make("production")
    account.hub.set_reviewers("production", **settings)
    code, output = account.step("approve", "Check that the environment requires a review")
    assert (code == 0) == approved, output
    assert words in output
