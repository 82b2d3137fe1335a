"""The roles of this repository in the account: who may assume them, and which actions they allow."""

import json
import re

import pytest
from baking import REPOSITORY
from templates import INFRA, resources, template

PROVIDER = "arn:${AWS::Partition}:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com"
PURPOSES = {
    "ReleaseRole": "ref:refs/heads/main",
    "ApprovalRole": "environment:production",
    "RetrainRole": "environment:retrain",
    "RollbackRole": "environment:rollback",
    "DestroyRole": "environment:destroy",
    "PullRequestRoleOfGitHub": "pull_request",
}
# The file of .github/workflows/ whose jobs get the role. That of pull requests runs under a ref of its own each time.
WORKFLOWS = {
    "ReleaseRole": "release",
    "ApprovalRole": "approve",
    "RetrainRole": "retrain",
    "RollbackRole": "rollback",
    "DestroyRole": "destroy",
}
CHANGING = re.compile(r":(Create|Delete|Put|Update|Start|Stop|Execute|BatchDelete|Publish|Pass|Attach|Tag)")


@pytest.fixture(scope="module")
def bootstrap() -> dict:
    return template("bootstrap")


def roles(bootstrap: dict) -> dict[str, dict]:
    return {key: each["Properties"] for key, each in bootstrap["Resources"].items() if each["Type"] == "AWS::IAM::Role"}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def actions(bootstrap: dict, role: str, *, reading: bool = True) -> set[str]:
    """Every action that a role is granted, with its managed policies."""
    properties = roles(bootstrap)[role]
    documents = [each["PolicyDocument"] for each in properties.get("Policies", [])]
    for policy in properties["ManagedPolicyArns"] if reading else []:
        documents.append(bootstrap["Resources"][policy["Ref"]]["Properties"]["PolicyDocument"])
    return {
        action
        for document in documents
        for statement in document["Statement"]
        for action in listed(statement["Action"])
    }


@pytest.mark.parametrize(("role", "purpose"), PURPOSES.items())
def test_a_role_trusts_one_kind_of_job_of_this_very_repository(bootstrap, role, purpose):
    (statement,) = roles(bootstrap)[role]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"] == {"Federated": {"Fn::Sub": PROVIDER}}
    claims = {
        "aud": "sts.amazonaws.com",
        "sub": [
            {"Fn::Sub": f"repo:${{Owner}}/${{Repository}}:{purpose}"},
            {"Fn::Sub": f"repo:${{Owner}}@${{OwnerId}}/${{Repository}}@${{RepositoryId}}:{purpose}"},
        ],
        "repository_id": where_sts_reads_it({"Ref": "RepositoryId"}),
    }
    if purpose.startswith("environment:"):
        claims["ref"] = where_sts_reads_it("refs/heads/main")
    if role in WORKFLOWS:
        workflow = f"${{Owner}}/${{Repository}}/.github/workflows/{WORKFLOWS[role]}.yml@refs/heads/main"
        claims["job_workflow_ref"] = where_sts_reads_it({"Fn::Sub": workflow})
    host = PROVIDER.rpartition("/")[2]
    assert statement["Condition"] == {"StringEquals": {f"{host}:{name}": value for name, value in claims.items()}}


def where_sts_reads_it(value) -> dict:
    return {"Fn::If": ["StsReadsClaims", value, {"Ref": "AWS::NoValue"}]}


@pytest.mark.parametrize(("role", "workflow"), WORKFLOWS.items())
def test_the_workflow_that_a_role_trusts_is_the_one_that_assumes_it(role, workflow):
    variable = f"vars.{role.removesuffix('Role').upper()}_ROLE_ARN"
    files = (REPOSITORY / ".github" / "workflows").glob("*.yml")
    assert [file.stem for file in files if variable in file.read_text(encoding="utf-8")] == [workflow]


def test_no_trust_has_a_wildcard(bootstrap):
    for role in roles(bootstrap).values():
        trust = json.dumps(role["AssumeRolePolicyDocument"])
        assert "*" not in trust and "?" not in trust and "StringLike" not in trust


def test_every_role_has_one_purpose_that_this_test_knows(bootstrap):
    assert roles(bootstrap).keys() == {*PURPOSES, "DeploymentRole"}


@pytest.mark.parametrize("value", ["1", "1234567890123456789"])
def test_ids_are_numbers(bootstrap, value):
    for parameter in ("OwnerId", "RepositoryId"):
        pattern = re.compile(bootstrap["Parameters"][parameter]["AllowedPattern"])
        assert pattern.fullmatch(value)
        for wrong in ("", "0", "*", "12a", "1 or 2", "-1", "12345678901234567890"):
            assert not pattern.fullmatch(wrong), wrong


def test_no_wildcard_gets_into_a_subject_by_a_name(bootstrap):
    for parameter in ("Owner", "Repository"):
        pattern = re.compile(bootstrap["Parameters"][parameter]["AllowedPattern"])
        for wrong in ("*", "a*", "a?", "a/b", "a:b", "a@b", ""):
            assert not pattern.fullmatch(wrong), wrong


def test_only_the_approval_role_may_answer_an_approval(bootstrap):
    answering = {role for role in roles(bootstrap) if "codepipeline:PutApprovalResult" in actions(bootstrap, role)}
    assert answering == {"ApprovalRole"}
    statements = roles(bootstrap)["ApprovalRole"]["Policies"][0]["PolicyDocument"]["Statement"]
    (statement,) = [each for each in statements if each["Action"] == "codepipeline:PutApprovalResult"]
    assert statement["Resource"]["Fn::Sub"].endswith(":${Project}/Approve/Release")
    others = "".join(file.read_text() for file in INFRA.glob("*.yml") if file.stem not in {"boundaries", "bootstrap"})
    assert "PutApprovalResult" not in others
    assert "codepipeline:*" not in others


def test_write_actions_of_each_role(bootstrap):
    changing = {
        role: {action for action in actions(bootstrap, role, reading=False) if CHANGING.search(action)}
        for role in PURPOSES
    }
    assert changing["PullRequestRoleOfGitHub"] == set()
    assert changing["ApprovalRole"] == {"codepipeline:PutApprovalResult"}
    assert changing["RetrainRole"] == {
        "s3:PutObject",
        "codepipeline:StartPipelineExecution",
        "codepipeline:StopPipelineExecution",
        "codebuild:StopBuild",
        "states:StopExecution",
    }
    assert not any(
        action.startswith("iam:") and action != "iam:PassRole" for found in changing.values() for action in found
    )


def test_the_read_policy_has_no_write_action(bootstrap):
    policy = bootstrap["Resources"]["ReadPolicy"]["Properties"]["PolicyDocument"]
    assert not [action for each in policy["Statement"] for action in listed(each["Action"]) if CHANGING.search(action)]


def test_the_deployment_role_makes_no_role_without_the_boundary(bootstrap):
    path = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/mlops-boundaries/${Project}/"
    boundaries = [
        {"Fn::Sub": path + each["ManagedPolicyName"]["Fn::Sub"]}
        for each in resources("boundaries", "AWS::IAM::ManagedPolicy").values()
    ]
    granting = ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary")
    for policy in roles(bootstrap)["DeploymentRole"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if set(granting) & set(listed(statement["Action"])):
                (allowed,) = statement["Condition"]["StringEquals"].values()
                assert sorted(allowed, key=str) == sorted(boundaries, key=str)
    assert "iam:DeleteRolePermissionsBoundary" not in actions(bootstrap, "DeploymentRole")


def test_boundaries_fit_iams_limit_with_the_longest_names():
    policies = resources("boundaries", "AWS::IAM::ManagedPolicy")
    sizes = {key: len(filled(each["PolicyDocument"])) for key, each in policies.items()}
    assert max(sizes.values()) <= 6_144, sizes


@pytest.mark.parametrize("limit", [pytest.param(10_240, id="inline"), pytest.param(6_144, id="managed")])
def test_policies_fit_iams_limits_with_the_longest_names(bootstrap, limit):
    sizes = {}
    for key, each in bootstrap["Resources"].items():
        properties = each["Properties"]
        documents = (
            [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
            if limit == 10_240
            else [properties["PolicyDocument"]]
            if "PolicyDocument" in properties
            else []
        )
        sizes[key] = sum(len(filled(document)) for document in documents)
    assert max(sizes.values()) <= limit, sizes


def filled(document: dict) -> str:
    """A policy as IAM counts it: without white space, with names of full length."""
    text = json.dumps(document, separators=(",", ":"))
    longest = {"Project": "p" * 23, "Model": "m" * 20, "AWS::Partition": "aws-us-gov", "AWS::Region": "ap-southeast-4"}
    text = re.sub(r'\{"Fn::Sub":("[^"]*")\}', r"\1", text)
    return re.sub(r"\$\{([\w:]+)\}", lambda found: longest.get(found[1], "123456789012"), text)
