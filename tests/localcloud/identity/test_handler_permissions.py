"""Permissions that CloudFormation's handlers need from a stack's role: by type, change, property and resource."""

from typing import Any

import pytest

from mlops.localcloud.enforcement import stack_actions
from mlops.localcloud.enforcement.handler_resources import Resource
from mlops.localcloud.ministack import scope

ACCOUNT = "123456789012"
FUNCTION = {
    "FunctionName": "taxi-fares-api",
    "Role": f"arn:aws:iam::{ACCOUNT}:role/function",
    "Code": {"S3Bucket": "code", "S3Key": "functions/api.zip"},
}
VPC = {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "account", lambda: ACCOUNT)
    monkeypatch.setattr(scope, "region", lambda: "eu-west-1")


def needed(
    change: str, kind: str, properties: dict[str, Any], physical_id: str = "", before: dict[str, Any] | None = None
) -> dict[str, str]:
    """The resource of each action that a change needs; the last one of several."""
    resource = Resource(kind, properties, physical_id, "stack-Resource-0123456789AB")
    return {action: arn for action, arn, _ in stack_actions.needed(change, resource, before)}


def test_the_permission_of_an_unset_property_is_not_needed() -> None:
    assert not [action for action in needed("create", "AWS::Lambda::Function", FUNCTION) if action.startswith("ec2:")]
    assert "ec2:DescribeSubnets" in needed("create", "AWS::Lambda::Function", FUNCTION | VPC)


def test_the_permission_of_a_removed_property_is_needed() -> None:
    assert "ec2:DescribeSubnets" in needed(
        "update", "AWS::Lambda::Function", FUNCTION, "taxi-fares-api", FUNCTION | VPC
    )


def test_create_needs_the_read_permissions_of_its_handler() -> None:
    created = needed("create", "AWS::CodePipeline::Pipeline", {"Name": "taxi-fares", "RoleArn": "role"})
    assert created["codepipeline:GetPipelineState"] == f"arn:aws:codepipeline:eu-west-1:{ACCOUNT}:taxi-fares"


def test_a_role_is_passed_to_the_service_of_its_resource() -> None:
    resource = Resource("AWS::Lambda::Function", FUNCTION, "", "generated")
    assert ("iam:PassRole", FUNCTION["Role"], {"iam:PassedToService": "lambda.amazonaws.com"}) in [
        *stack_actions.needed("create", resource)
    ]


def test_code_is_read_as_the_object_that_the_template_names() -> None:
    created = needed("create", "AWS::Lambda::Function", FUNCTION)
    assert created["s3:GetObject"] == "arn:aws:s3:::code/functions/api.zip"


@pytest.mark.parametrize(
    ("action", "suffix"), [("logs:PutRetentionPolicy", ":*"), ("logs:TagResource", ""), ("logs:CreateLogGroup", ":*")]
)
def test_actions_on_a_log_group_cover_its_streams_except_tagging(action: str, suffix: str) -> None:
    created = needed("create", "AWS::Logs::LogGroup", {"LogGroupName": "/aws/codebuild/x"})
    assert created[action] == f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/codebuild/x{suffix}"


def test_alias_needs_codedeploy_only_with_an_update_policy() -> None:
    alias = {"FunctionName": "taxi-fares-api", "FunctionVersion": "2", "Name": "live"}
    policy = {"CodeDeployLambdaAliasUpdate": {"ApplicationName": "fares", "DeploymentGroupName": "group"}}
    physical_id = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:taxi-fares-api:live"
    plain = needed("update", "AWS::Lambda::Alias", alias, physical_id)
    assert plain["lambda:GetProvisionedConcurrencyConfig"] == physical_id
    assert not [action for action in plain if action.startswith("codedeploy:")]
    shifted = needed("update", "AWS::Lambda::Alias", alias | {"UpdatePolicy": policy}, physical_id)
    group = f"arn:aws:codedeploy:eu-west-1:{ACCOUNT}:deploymentgroup:fares/group"
    assert (shifted["codedeploy:GetDeployment"], shifted["codedeploy:StopDeployment"]) == (group, "*")


def test_creating_an_endpoint_is_checked_on_its_configuration_too() -> None:
    properties = {"EndpointName": "fares", "EndpointConfigName": "a-configuration-with-a-longer-name"}
    resource = Resource("AWS::SageMaker::Endpoint", properties, "", "generated")
    arns = [arn for action, arn, _ in stack_actions.needed("create", resource) if action == "sagemaker:CreateEndpoint"]
    assert [arn.rpartition(":")[2] for arn in arns] == [
        "endpoint/fares",
        "endpoint-config/a-configuration-with-a-longer-name",
    ]
    assert needed("create", "AWS::SageMaker::Endpoint", properties)["sagemaker:AddTags"].endswith("endpoint/fares")


def test_no_deployment_can_remove_the_boundary_of_a_role() -> None:
    role = {"Path": "/mlops/taxi-fares/", "PermissionsBoundary": "boundary"}
    updated = needed("update", "AWS::IAM::Role", {"Path": "/mlops/taxi-fares/"}, "role", role)
    assert "iam:DeleteRolePermissionsBoundary" not in updated
    assert updated["iam:UpdateRole"] == f"arn:aws:iam::{ACCOUNT}:role/mlops/taxi-fares/role"


def test_a_type_without_known_handlers_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match="which permissions AWS::SQS::Queue takes"):
        needed("create", "AWS::SQS::Queue", {})
