"""The foundation of an account: what `make foundation` creates, and what it does not change; all templates of infra/."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudformation_validate
import pytest
from baking import TEMPLATE
from botocore.exceptions import ClientError
from cfnlint.api import lint_file
from cfnlint.decode import decode
from github.account import Account, open_account

pytestmark = pytest.mark.acceptance

FILES = sorted((TEMPLATE / "infra").glob("*.yml"))
PROVIDER = "token.actions.githubusercontent.com"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with open_account(tmp_path_factory.mktemp("foundation")) as account:
        yield account


@pytest.fixture
def account(cloud: Account) -> Account:
    """An empty account."""
    return cloud.new_account()


def deployed(account: Account, region: str = "us-east-1") -> str:
    done = account.foundation(region)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def providers(account: Account) -> list[str]:
    found = account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return [each["Arn"].rpartition("/")[2] for each in found]


def test_an_empty_account_gets_provider_and_logs(account: Account) -> None:
    output = deployed(account)
    assert providers(account) == [PROVIDER]
    assert "mlops bootstrap" in output
    assert account.client("apigateway").get_account()["cloudwatchRoleArn"]


def test_a_second_run_changes_nothing(account: Account) -> None:
    deployed(account)
    assert "it was up to date" in deployed(account)


def test_an_existing_provider_is_reused(account: Account) -> None:
    iam = account.client("iam")
    arn = iam.create_open_id_connect_provider(Url=f"https://{PROVIDER}", ClientIDList=["sts.amazonaws.com"])
    assert f"identity provider {PROVIDER} is used" in deployed(account)
    resources = account.client("cloudformation").list_stack_resources(StackName="mlops-foundation")
    kinds = {each["ResourceType"] for each in resources["StackResourceSummaries"]}
    assert "AWS::IAM::OIDCProvider" not in kinds and "AWS::ApiGateway::Account" in kinds
    assert providers(account) == [arn["OpenIDConnectProviderArn"].rpartition("/")[2]]


def test_a_provider_for_other_audiences_is_not_enough(account: Account) -> None:
    iam = account.client("iam")
    iam.create_open_id_connect_provider(Url=f"https://{PROVIDER}", ClientIDList=["another"])
    done = account.foundation()
    assert done.returncode == 2
    assert "sts.amazonaws.com" in done.stderr and "add-client-id-to-open-id-connect-provider" in done.stderr


def test_a_second_region_reuses_the_provider_and_gets_its_own_role_for_logs(account: Account) -> None:
    deployed(account, "us-east-1")
    assert not account.client("apigateway", "eu-west-1").get_account().get("cloudwatchRoleArn")
    assert f"identity provider {PROVIDER} is used" in deployed(account, "eu-west-1")
    assert providers(account) == [PROVIDER]
    assert account.client("apigateway", "eu-west-1").get_account()["cloudwatchRoleArn"]


def test_a_missing_region_is_reported(account: Account) -> None:
    environment = {name: value for name, value in account.environment.items() if name != "AWS_REGION"}
    done = subprocess.run(
        [sys.executable, str(TEMPLATE / "infra" / "deploy.py"), "foundation"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "--region" in done.stderr and "Traceback" not in done.stderr


def test_the_default_region_is_that_of_the_environment(account: Account) -> None:
    command = [sys.executable, str(TEMPLATE / "infra" / "deploy.py"), "foundation"]
    environment = {**account.environment, "AWS_REGION": "eu-west-1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "in eu-west-1" in done.stdout


def test_an_unknown_profile_is_refused(account: Account) -> None:
    command = [sys.executable, str(TEMPLATE / "infra" / "deploy.py"), "foundation"]
    done = subprocess.run(command, env={**account.environment, "AWS_PROFILE": "no"}, capture_output=True, text=True)
    assert done.returncode == 2
    assert "AWS_PROFILE" in done.stderr


def test_bootstrap_is_refused_without_the_foundation(account: Account) -> None:
    done = account.bootstrap()
    assert done.returncode == 2
    assert "make foundation" in done.stderr and PROVIDER in done.stderr
    with pytest.raises(ClientError, match="does not exist"):
        account.outputs("bootstrap")


def test_an_api_is_not_deployed_while_api_gateway_has_no_logging_role(account: Account) -> None:
    done = account.mlops("deploy")
    assert done.returncode == 2
    assert "make foundation AWS_REGION=us-east-1" in done.stderr and "clients_call" in done.stderr
    with pytest.raises(ClientError, match="does not exist"):
        account.outputs("storage")


def load(file: Path) -> dict[str, Any]:
    parsed, faults = decode(str(file))
    assert not faults, faults
    return parsed


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_parameter_is_documented_and_in_a_group(file: Path) -> None:
    template = load(file)
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"]) == sorted(interface["ParameterLabels"])
    assert all(parameter["Description"] for parameter in template["Parameters"].values())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_linters_of_templates_find_nothing(file: Path) -> None:
    assert [str(match) for match in lint_file(file)] == []
    report = cloudformation_validate.CompositeEngine().validate_template(file.read_bytes())
    informational = cloudformation_validate.Severity.INFO
    assert [each.message for each in report.diagnostics if each.severity != informational] == []
