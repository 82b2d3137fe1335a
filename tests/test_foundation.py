"""The foundation of an account: what `make foundation` makes, what it leaves alone, and what bounds the roles."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import cloudformation_validate
import pytest
from baking import GENERATED, TEMPLATE
from botocore.exceptions import ClientError
from cfnlint.api import lint_file
from cfnlint.decode import decode
from github.account import Account, open_account
from parliament import analyze_policy_string

FILE = TEMPLATE / "infra" / "foundation.yml"
PROVIDER = "token.actions.githubusercontent.com"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with open_account(tmp_path_factory.mktemp("foundation")) as account:
        yield account


@pytest.fixture
def account(cloud: Account) -> Account:
    """An account with nothing in it."""
    return cloud.new_account()


def deployed(account: Account, region: str = "us-east-1") -> str:
    done = account.foundation(region)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def providers(account: Account) -> list[str]:
    found = account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return [each["Arn"].rpartition("/")[2] for each in found]


def test_an_empty_account_gets_provider_boundary_and_logs(account: Account) -> None:
    said = deployed(account)
    assert providers(account) == [PROVIDER]
    assert "policy/mlops-boundary" in said and "mlops bootstrap" in said
    assert account.client("apigateway").get_account()["cloudwatchRoleArn"]


def test_a_second_run_changes_nothing(account: Account) -> None:
    deployed(account)
    assert "it was up to date" in deployed(account)


def test_a_provider_that_is_there_is_used(account: Account) -> None:
    iam = account.client("iam")
    arn = iam.create_open_id_connect_provider(Url=f"https://{PROVIDER}", ClientIDList=["sts.amazonaws.com"])
    assert f"identity provider {PROVIDER} is used" in deployed(account)
    resources = account.client("cloudformation").list_stack_resources(StackName="mlops-foundation")
    kinds = {each["ResourceType"] for each in resources["StackResourceSummaries"]}
    assert "AWS::IAM::OIDCProvider" not in kinds and "AWS::IAM::ManagedPolicy" in kinds
    assert providers(account) == [arn["OpenIDConnectProviderArn"].rpartition("/")[2]]


def test_a_provider_for_other_audiences_is_not_enough(account: Account) -> None:
    iam = account.client("iam")
    iam.create_open_id_connect_provider(Url=f"https://{PROVIDER}", ClientIDList=["another"])
    done = account.foundation()
    assert done.returncode == 2
    assert "sts.amazonaws.com" in done.stderr and "add-client-id-to-open-id-connect-provider" in done.stderr


def test_a_second_region_uses_what_the_account_has(account: Account) -> None:
    deployed(account, "us-east-1")
    said = deployed(account, "eu-west-1")
    assert "is used, of the foundation in another region" in said
    assert providers(account) == [PROVIDER]


def test_a_missing_region_is_asked_for(account: Account) -> None:
    environment = {name: value for name, value in account.environment.items() if name != "AWS_REGION"}
    done = subprocess.run(
        [sys.executable, str(TEMPLATE / "infra" / "deploy.py")], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "--region" in done.stderr and "Traceback" not in done.stderr


def test_the_region_of_the_environment_is_taken(account: Account) -> None:
    command = [sys.executable, str(TEMPLATE / "infra" / "deploy.py")]
    environment = {**account.environment, "AWS_REGION": "eu-west-1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "in eu-west-1" in done.stdout


def test_an_unknown_profile_is_refused(account: Account) -> None:
    command = [sys.executable, str(TEMPLATE / "infra" / "deploy.py")]
    done = subprocess.run(command, env={**account.environment, "AWS_PROFILE": "no"}, capture_output=True, text=True)
    assert done.returncode == 2
    assert "AWS_PROFILE" in done.stderr


def test_a_repository_is_not_bootstrapped_without_it(account: Account) -> None:
    done = account.bootstrap()
    assert done.returncode == 2
    assert "make foundation" in done.stderr and PROVIDER in done.stderr
    with pytest.raises(ClientError, match="does not exist"):
        account.outputs("bootstrap")


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return load(FILE)


def load(file: Path) -> dict[str, Any]:
    parsed, faults = decode(str(file))
    assert not faults, faults
    return parsed


def test_every_parameter_is_documented_and_in_a_group(template: dict[str, Any]) -> None:
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"]) == sorted(interface["ParameterLabels"])
    assert all(parameter["Description"] for parameter in template["Parameters"].values())


def test_the_linters_of_templates_find_nothing() -> None:
    assert [str(match) for match in lint_file(FILE)] == []
    report = cloudformation_validate.CompositeEngine().validate_template(FILE.read_bytes())
    informational = cloudformation_validate.Severity.INFO
    assert [each.message for each in report.diagnostics if each.severity != informational] == []


def test_parliament_finds_only_that_a_boundary_names_no_resources(template: dict[str, Any]) -> None:
    document = template["Resources"]["Boundary"]["Properties"]["PolicyDocument"]
    text = json.dumps(document).replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", "123456789012")
    plain = json.loads(text, object_hook=lambda node: node.get("Fn::Sub", node))
    found = {finding.issue for finding in analyze_policy_string(json.dumps(plain)).findings}
    # Why it does not, stands beside its Resource. A pattern of reads covers some of other resources.
    assert found <= {"RESOURCE_STAR", "RESOURCE_MISMATCH", "CREDENTIALS_EXPOSURE", "PERMISSIONS_MANAGEMENT_ACTIONS"}


def test_the_boundary_lets_through_what_the_roles_of_pipelines_are_granted(template: dict[str, Any]) -> None:
    bounded = set(actions(template["Resources"]["Boundary"]["Properties"]["PolicyDocument"]))
    granted = {
        action
        for file in (GENERATED / "infra").glob("*.yml")
        if file.stem != "bootstrap"
        for resource in load(file)["Resources"].values()
        for document in documents(resource)
        for action in actions(document)
    }
    assert [action for action in granted if not any(fnmatchcase(action, pattern) for pattern in bounded)] == []
    unused = [pattern for pattern in bounded if not any(fnmatchcase(action, pattern) for action in granted)]
    assert unused == ["codepipeline:PutApprovalResult"]


def test_a_pattern_of_the_boundary_lets_through_what_only_reads(template: dict[str, Any]) -> None:
    patterns = [
        action for action in actions(template["Resources"]["Boundary"]["Properties"]["PolicyDocument"]) if "*" in action
    ]
    assert all(re.fullmatch(r"[a-z-]+:(Get|List|Describe)\*", pattern) for pattern in patterns), patterns


def test_the_boundary_fits_iams_limit_in_the_longest_partition(template: dict[str, Any]) -> None:
    document = json.dumps(template["Resources"]["Boundary"]["Properties"]["PolicyDocument"], separators=(",", ":"))
    text = re.sub(r'\{"Fn::Sub":("[^"]*")\}', r"\1", document)
    text = text.replace("${AWS::Partition}", "aws-us-gov").replace("${AWS::AccountId}", "123456789012")
    assert len(text) <= 6_144


def documents(resource: dict[str, Any]) -> list[dict[str, Any]]:
    properties = resource.get("Properties", {})
    if resource["Type"] == "AWS::IAM::ManagedPolicy":
        return [properties["PolicyDocument"]]
    if resource["Type"] == "AWS::IAM::Role":
        return [each["PolicyDocument"] for each in properties.get("Policies", [])]
    return []


def actions(document: dict[str, Any]) -> Iterator[str]:
    for statement in document["Statement"]:
        plain = statement["Fn::If"][1] if "Fn::If" in statement else statement
        yield from [plain["Action"]] if isinstance(plain["Action"], str) else plain["Action"]
