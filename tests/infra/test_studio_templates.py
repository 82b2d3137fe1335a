"""The templates for SageMaker Studio: names that agree, limits of the template's own questions, policies."""

import json
from typing import Any

import pre_gen_project
import pytest
from baking import TEMPLATE
from cfnlint.decode import decode
from parliament import analyze_policy_string
from resolving import resolved
from templates import find

INFRA = TEMPLATE / "infra"
FUNCTION = "mlops-studio-generate"
BUCKET = "mlops-${AWS::AccountId}-${AWS::Region}-studio"


def load(name: str) -> dict[str, Any]:
    parsed, faults = decode(str(INFRA / f"{name}.yml"))
    assert not faults, faults
    return parsed


def properties(name: str, resource: str) -> dict[str, Any]:
    described: dict[str, Any] = load(name)["Resources"][resource]["Properties"]
    return described


def policies(name: str) -> list[dict[str, Any]]:
    """The policies of a template's roles, and its managed ones."""
    found = []
    for each in load(name)["Resources"].values():
        found += [policy["PolicyDocument"] for policy in each["Properties"].get("Policies", [])]
        if each["Type"] == "AWS::IAM::ManagedPolicy":
            found.append(each["Properties"]["PolicyDocument"])
    return found


@pytest.mark.parametrize("name", ["studio-project", "studio-catalog"])
def test_templates_name_the_function_and_the_bucket_that_studio_yml_makes(name: str) -> None:
    assert properties("studio", "Function")["FunctionName"] == FUNCTION
    assert properties("studio", "Bucket")["BucketName"] == {"Fn::Sub": BUCKET}
    text = (INFRA / f"{name}.yml").read_text()
    assert f"function:{FUNCTION}" in text
    assert name == "studio-project" or f"https://{BUCKET}.s3." in text


def test_no_name_has_the_word_by_which_policies_of_aws_grant_access() -> None:
    """AmazonSageMakerFullAccess grants writing to buckets, and calls of functions, whose names contain sagemaker."""
    assert "sagemaker" not in FUNCTION + BUCKET


def test_a_launch_role_may_only_generate_a_repository() -> None:
    (policy,) = properties("studio", "LaunchRole")["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"]["Fn::Sub"].endswith(f":function:{FUNCTION}")


def test_a_project_is_refused_by_the_limits_of_the_templates_own_questions() -> None:
    parameters = load("studio-project")["Parameters"]
    words = f"^{pre_gen_project.WORDS.pattern}$"
    assert parameters["SageMakerProjectName"]["AllowedPattern"] == parameters["Model"]["AllowedPattern"] == words
    limits = {name: each["MaxLength"] for name, each in parameters.items() if "MaxLength" in each}
    assert limits == {
        "SageMakerProjectName": pre_gen_project.LONGEST_PROJECT,
        "Model": pre_gen_project.LONGEST_MODEL,
        "NotificationEmail": pre_gen_project.LONGEST_EMAIL,
        "GithubOwner": pre_gen_project.LONGEST_OWNER,
        "GithubRepository": pre_gen_project.LONGEST_REPOSITORY,
    }


def test_a_project_asks_the_templates_questions() -> None:
    questions = json.loads((TEMPLATE / "cookiecutter.json").read_text())
    parameters = load("studio-project")["Parameters"]
    assert parameters["License"]["AllowedValues"] == questions["license"]
    assert parameters["Model"]["Default"] == questions["model"]
    given = load("studio-project")["Resources"]["Repository"]["Properties"]
    asked = {each for node in given.values() for each in find(node, "Ref")}
    assert asked == parameters.keys()


def test_service_catalog_offers_the_product_to_studio() -> None:
    product = properties("studio-catalog", "Product")
    assert {"Key": "sagemaker:studio-visibility", "Value": "true"} in product["Tags"]
    assert properties("studio-catalog", "LaunchConstraint")["RoleArn"] == {"Fn::GetAtt": ["LaunchRole", "Arn"]}
    assert properties("studio-catalog", "StudioAccess")["PrincipalARN"] == {"Ref": "StudioRoleArn"}


@pytest.mark.parametrize("name", ["studio", "studio-catalog"])
def test_parliament_finds_nothing(name: str) -> None:
    findings = [
        (each.issue, str(each.detail))
        for policy in policies(name)
        for each in analyze_policy_string(json.dumps(resolved(policy, 1))).findings
    ]
    assert findings == []
