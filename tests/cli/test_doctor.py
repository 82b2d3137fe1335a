"""`mlops doctor` names what is wrong with credentials, region and permissions, only reads, and goes on where it is denied."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from baking import REPOSITORY
from click.testing import Result
from settings import REGION

from mlops import release
from mlops.aws.session import Session
from mlops.names import Names
from mlops.release.diagnosis import checks
from mlops.release.diagnosis.checks import CHECKS, Check
from mlops.release.repository import Repository


def named(name: str) -> Check:
    [check] = [each for each in CHECKS if each.name == name]
    return check


@pytest.fixture(autouse=True)
def templates(repository: Path) -> None:
    """The repository with its templates."""
    shutil.copytree(REPOSITORY / "infra", repository / "infra")


@pytest.fixture(autouse=True)
def github_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """No gh on the path, and GitHub's API at a port where nothing listens."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("mlops.github.repositories._API", "http://127.0.0.1:9")


def findings(output: str) -> list[tuple[str, str]]:
    return [(each["check"], each["state"]) for each in json.loads(output)]


def test_missing_credentials_are_a_problem_and_the_account_is_not_checked(
    repository: Path, mlops: Callable[..., Result]
):
    done = mlops("doctor", "--json")
    assert done.exit_code == 1
    found = findings(done.output)
    assert ("credentials", "problem") in found
    assert {state for name, state in found if name not in ("configuration", "credentials", "region")} == {"unknown"}
    [missing] = [each for each in json.loads(done.output) if each["check"] == "credentials"]
    assert missing["detail"] == "No AWS credentials found."
    assert "aws sso login" in missing["remedy"]


def test_credentials_that_aws_does_not_accept_are_a_problem(
    session: Session, mlops: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAEXPIRED000000000")
    done = mlops("doctor")
    assert done.exit_code == 1
    assert "problem  credentials: AWS doesn't accept these credentials" in done.output
    assert "aws sso login" in done.output


def test_identity_and_account_are_shown(session: Session, mlops: Callable[..., Result]):
    assert f"ok       credentials: arn:aws:iam::{session.account}:user/administrator" in mlops("doctor").output


def test_a_shell_with_another_region_is_a_problem(
    session: Session, mlops: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
):
    assert f"ok       region: {REGION}" in mlops("doctor").output
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    done = mlops("doctor")
    assert f"Commands of mlops use {REGION}" in done.output and "us-west-2" in done.output
    assert f"export AWS_REGION={REGION}" in done.output


def test_a_fault_of_the_configuration_is_a_problem(repository: Path, mlops: Callable[..., Result]):
    (repository / "configuration" / "qa.yml").write_text("users: none\n")
    assert "problem  configuration: configuration/ has" in mlops("doctor").output


def test_a_repository_without_a_valid_project_is_a_wrong_input(repository: Path, mlops: Callable[..., Result]):
    (repository / "configuration" / "project.json").write_text("{}")
    assert mlops("doctor").exit_code == 2


def test_an_account_without_foundation_and_stacks_is_told_how_to_get_them(
    session: Session, mlops: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
):
    # As if the account were one of AWS.
    monkeypatch.setattr(Session, "is_local", False)
    done = mlops("doctor")
    assert done.exit_code == 1
    assert "problem  identity provider: The account has no identity provider of GitHub" in done.output
    assert f"make foundation AWS_REGION={REGION}" in done.output
    assert "Run: mlops deploy" in done.output and "Run: mlops bootstrap" in done.output
    assert "unknown  environments on GitHub: gh, GitHub's command line, is not installed." in done.output


BOOTSTRAPPED = ("identity provider", "templates", "boundaries", "roles of workflows", "variables on GitHub")


def test_a_local_cloud_needs_no_bootstrap(session: Session, repository: Path):
    found = [
        finding
        for name in BOOTSTRAPPED
        for finding in checks.examine(Repository(repository), replace(named(name), place="aws"), has_credentials=True)
    ]
    assert len(found) == len(BOOTSTRAPPED) + 1, "two stacks have templates"
    assert {each.state for each in found} == {"unknown"}
    assert all("local cloud" in each.detail and "on AWS" in each.detail for each in found)


def test_a_local_cloud_that_was_bootstrapped_is_checked_as_an_account_is(
    session: Session, repository: Path, names: Names
):
    session.client("cloudformation").create_stack(
        StackName=names.stack("boundaries"),
        TemplateBody='{"Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}',
    )
    for name in ("identity provider", "templates", "boundaries", "roles of workflows"):
        states = {each.state for each in checks.examine(Repository(repository), named(name), has_credentials=True)}
        assert states == {"problem"}, name


def test_the_local_cloud_has_no_quotas_and_says_so(session: Session, repository: Path):
    [finding] = checks.examine(Repository(repository), named("quotas"), has_credentials=True)
    assert finding.state == "unknown"
    assert "The local cloud does not implement service-quotas ListAWSDefaultServiceQuotas" in finding.detail


def test_every_check_that_is_denied_names_the_action(
    session: Session, repository: Path, names: Names, monkeypatch: pytest.MonkeyPatch
):
    iam = session.client("iam")
    iam.create_user(UserName=names.project)
    key = iam.create_access_key(UserName=names.project)["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    found = release.result(release.diagnose(Repository(repository)))
    denied = {each.check: each.detail for each in found if "may not do" in each.detail}
    assert {each.state for each in found if each.check in denied} == {"unknown"}
    stacks = dict.fromkeys(
        (
            *("foundation", "stacks", "templates", "boundaries", "image", "roles of workflows"),
            *("bucket", "versions of the bucket", "encryption of the bucket", "public access to the bucket"),
            *("key", "mail"),
        ),
        "cloudformation:DescribeStacks",
    )
    own = {"identity provider": "iam:ListOpenIDConnectProviders", "logs of the API": "apigateway:GET"}
    assert {name: action for name, action in (stacks | own).items() if action not in denied.get(name, "")} == {}


def test_a_shell_without_any_region_uses_that_of_the_configuration(
    session: Session, repository: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    assert boto3.Session().region_name is None
    [finding] = checks.examine(Repository(repository), named("region"), has_credentials=True)
    assert finding.state == "ok"
