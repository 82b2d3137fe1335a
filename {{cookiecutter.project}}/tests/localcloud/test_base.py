"""Every point at which the local cloud touches ministack's internals, each through AWS's own protocol."""

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from harness import Cloud, until


@pytest.fixture
def stack_name(cloud: Cloud, request: pytest.FixtureRequest) -> Iterator[str]:
    name = request.node.name.replace("_", "-")[:60].rstrip("-")
    yield name
    cloud.client("cloudformation").delete_stack(StackName=name)


def test_an_import_that_a_condition_leaves_out_keeps_no_stack_from_going(cloud: Cloud) -> None:
    cloudformation = cloud.client("cloudformation")
    exporting = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}\nOutputs: {T: {Value: x, Export: {Name: left}}}"
    importing = """
Parameters: {Uses: {Type: String}}
Conditions: {Used: !Equals [!Ref Uses, "yes"]}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !If [Used, !ImportValue left, alone]}
"""
    cloudformation.create_stack(StackName="exporting", TemplateBody=exporting)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="exporting", WaiterConfig={"Delay": 0.1})
    for uses, change in (("yes", cloudformation.create_stack), ("no", cloudformation.update_stack)):
        given = [{"ParameterKey": "Uses", "ParameterValue": uses}]
        change(StackName="importing", TemplateBody=importing, Parameters=given)
        ended = "stack_create_complete" if uses == "yes" else "stack_update_complete"
        cloudformation.get_waiter(ended).wait(StackName="importing", WaiterConfig={"Delay": 0.1})
        if uses == "yes":
            with pytest.raises(ClientError, match="is imported by stack importing"):
                cloudformation.delete_stack(StackName="exporting")
    cloudformation.delete_stack(StackName="exporting")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="exporting", WaiterConfig={"Delay": 0.1})
    cloudformation.delete_stack(StackName="importing")


def test_a_condition_compares_pseudo_parameters(cloud: Cloud) -> None:
    template = """
Conditions:
  Commercial: !Equals [!Ref AWS::Partition, aws]
  Here: !Equals [!Ref AWS::Region, us-east-1]
  Elsewhere: !Equals [!Ref AWS::AccountId, "999999999999"]
Resources: {Topic: {Type: 'AWS::SNS::Topic'}}
Outputs:
  Found: {Value: !Join ["", [!If [Commercial, a, b], !If [Here, c, d], !If [Elsewhere, e, f]]]}
"""
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(StackName="pseudo", TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="pseudo", WaiterConfig={"Delay": 0.1})
    [stack] = cloudformation.describe_stacks(StackName="pseudo")["Stacks"]
    assert [each["OutputValue"] for each in stack["Outputs"]] == ["acf"]
    cloudformation.delete_stack(StackName="pseudo")


def test_added_services_are_routed_beside_ministacks_own(cloud: Cloud) -> None:
    assert "ModelPackageGroupSummaryList" in cloud.client("sagemaker").list_model_package_groups()
    assert "pipelines" in cloud.client("codepipeline").list_pipelines()
    assert "projects" in cloud.client("codebuild").list_projects()


def test_cloudformation_makes_and_deletes_added_resource_types(cloud: Cloud, stack_name: str) -> None:
    template = {
        "Resources": {
            "Group": {
                "Type": "AWS::SageMaker::ModelPackageGroup",
                "Properties": {"ModelPackageGroupName": "of-a-stack"},
            }
        },
        "Outputs": {"Arn": {"Value": {"Ref": "Group"}}},
    }
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(StackName=stack_name, TemplateBody=json.dumps(template))
    stack = finished(cloud, stack_name)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    assert stack["Outputs"][0]["OutputValue"].endswith("model-package-group/of-a-stack")
    cloudformation.delete_stack(StackName=stack_name)
    sagemaker = cloud.client("sagemaker")
    until(
        lambda: not sagemaker.list_model_package_groups(NameContains="of-a-stack")["ModelPackageGroupSummaryList"],
        20,
    )


def test_a_resource_that_fails_rolls_the_stack_back_with_its_reason(
    cloud: Cloud, stack_name: str, role_arn: str
) -> None:
    container = {"Image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/absent:1"}
    properties = {"ExecutionRoleArn": role_arn, "PrimaryContainer": container}
    template = {"Resources": {"Model": {"Type": "AWS::SageMaker::Model", "Properties": properties}}}
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(StackName=stack_name, TemplateBody=json.dumps(template))
    assert finished(cloud, stack_name)["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events if event["LogicalResourceId"] == "Model"]
    assert any("absent:1 is not mapped to a program" in reason for reason in reasons), reasons


def test_unknown_resource_types_are_refused_by_name(cloud: Cloud) -> None:
    template = {"Resources": {"Space": {"Type": "AWS::SageMaker::Space", "Properties": {}}}}
    with pytest.raises(ClientError, match="AWS::SageMaker::Space"):
        cloud.client("cloudformation").create_stack(StackName="unknown", TemplateBody=json.dumps(template))


def test_state_machines_call_added_services_through_the_sdk_integration(cloud: Cloud, role_arn: str) -> None:
    arguments = {"ModelPackageGroupName": "{% $states.input.name %}"}
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sagemaker:createModelPackageGroup",
        "Arguments": arguments,
        "End": True,
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Create", "States": {"Create": state}}
    machines = cloud.client("stepfunctions")
    arn = machines.create_state_machine(name="sdk", roleArn=role_arn, definition=json.dumps(definition))[
        "stateMachineArn"
    ]
    execution = machines.start_execution(stateMachineArn=arn, input='{"name": "from-a-machine"}')["executionArn"]
    ended = until(
        lambda: (told := machines.describe_execution(executionArn=execution))["status"] != "RUNNING" and told,
        20,
    )
    assert json.loads(ended["output"])["ModelPackageGroupArn"].endswith("from-a-machine")


def test_an_integration_that_is_not_known_fails_the_task_by_name(cloud: Cloud, role_arn: str) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
        "Arguments": {},
        "End": True,
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Transform", "States": {"Transform": state}}
    machines = cloud.client("stepfunctions")
    arn = machines.create_state_machine(name="unknown", roleArn=role_arn, definition=json.dumps(definition))[
        "stateMachineArn"
    ]
    execution = machines.start_execution(stateMachineArn=arn)["executionArn"]
    ended = until(
        lambda: (told := machines.describe_execution(executionArn=execution))["status"] != "RUNNING" and told,
        20,
    )
    assert ended["status"] == "FAILED"
    assert "createTransformJob" in ended["cause"]


def finished(cloud: Cloud, stack_name: str) -> dict:
    """The stack, once nothing is in progress."""

    def look() -> dict | None:
        stack = cloud.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    return until(look, 30)
