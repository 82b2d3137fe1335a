"""IAM: AWS's managed policies have their permissions; missing and malformed policies are refused."""

import json
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from harness import Cloud
from stacks import failure, outcome

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
    ],
}
SAGEMAKER = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
ABSENT = "arn:aws:iam::aws:policy/NoSuchPolicyAtAll"


@pytest.fixture
def role(cloud: Cloud) -> Iterator[str]:
    name = f"role-{uuid4().hex[:8]}"
    iam = cloud.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    yield name
    for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=each["PolicyArn"])
    iam.delete_role(RoleName=name)


def test_managed_policy_of_aws_grants_its_permissions(
    cloud: Cloud, role: str, acting: Callable[[str, str], BaseClient]
) -> None:
    iam = cloud.client("iam")
    policy = iam.get_policy(PolicyArn=SAGEMAKER)["Policy"]
    version = iam.get_policy_version(PolicyArn=SAGEMAKER, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert "sagemaker:*" in version["Document"]["Statement"][0]["Action"]
    sagemaker = acting("sagemaker", iam.get_role(RoleName=role)["Role"]["Arn"])
    with pytest.raises(ClientError, match="no identity-based policy allows the sagemaker:ListModels action"):
        sagemaker.list_models()
    iam.attach_role_policy(RoleName=role, PolicyArn=SAGEMAKER)
    assert "Models" in sagemaker.list_models()


def test_managed_policies_are_listed(cloud: Cloud) -> None:
    listed = cloud.client("iam").list_policies(Scope="AWS", PathPrefix="/service-role/")["Policies"]
    assert {"AWSLambdaBasicExecutionRole", "AmazonEC2RoleforSSM"} <= {each["PolicyName"] for each in listed}


@pytest.mark.parametrize("arn", [ABSENT, "arn:aws:iam::000000000000:policy/never-made"])
def test_a_policy_that_does_not_exist_is_not_attached(cloud: Cloud, role: str, arn: str) -> None:
    iam = cloud.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException, match="does not exist or is not attachable"):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []


def test_a_stack_cannot_attach_a_policy_that_does_not_exist(cloud: Cloud) -> None:
    properties = {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": [ABSENT]}
    assert f"Policy {ABSENT} does not exist or is not attachable" in failure(cloud, "AWS::IAM::Role", properties)
    status, _ = outcome(cloud, "AWS::IAM::Role", {**properties, "ManagedPolicyArns": [SAGEMAKER]})
    assert status == "CREATE_COMPLETE"


@pytest.mark.parametrize("document", ["xyzzy", '{"x": 1}', json.dumps({**TRUST, "Statement": {"Effect": "Allow"}})])
def test_a_malformed_trust_policy_is_refused(cloud: Cloud, role: str, document: str) -> None:
    iam = cloud.client("iam")
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.create_role(RoleName="never-made", AssumeRolePolicyDocument=document)
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
    assert iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] == TRUST


def test_a_stack_cannot_make_a_role_with_a_malformed_policy(cloud: Cloud) -> None:
    assert "extraneous key [x]" in failure(cloud, "AWS::IAM::Role", {"AssumeRolePolicyDocument": {**TRUST, "x": 1}})
    inline = {"PolicyName": "inline", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}}
    assert "Policies/0" in failure(cloud, "AWS::IAM::Role", {"AssumeRolePolicyDocument": TRUST, "Policies": [inline]})


@pytest.mark.parametrize(
    "statement", [{"Effect": "Allow"}, {"Effect": "Allow", "Action": "*", "Resource": "*", "x": 1}]
)
def test_a_malformed_policy_of_a_role_a_key_or_a_repository_is_refused(
    cloud: Cloud, role: str, statement: dict
) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam, kms, ecr = cloud.client("iam"), cloud.client("kms"), cloud.client("ecr")
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.put_role_policy(RoleName=role, PolicyName="malformed", PolicyDocument=document)
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.create_policy(PolicyName="malformed", PolicyDocument=document)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(kms.exceptions.MalformedPolicyDocumentException):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document)
    with pytest.raises(ecr.exceptions.InvalidParameterException):
        ecr.set_repository_policy(repositoryName="any", policyText=document)
