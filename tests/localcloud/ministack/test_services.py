"""Every point at which the local cloud touches ministack's internals, each through AWS's own protocol."""

import json
import re
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from harness import Cloud
from waiting import until


@pytest.fixture
def stack_name(cloud: Cloud, request: pytest.FixtureRequest) -> Iterator[str]:
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[:100].strip("-")
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
        template_parameters = [{"ParameterKey": "Uses", "ParameterValue": uses}]
        change(StackName="importing", TemplateBody=importing, Parameters=template_parameters)
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


PLAIN = """
Parameters:
  More: {Type: String, Default: "no"}
  Inner: {Type: String, Default: a}
  Unused: {Type: String, Default: a}
Conditions: {More: !Equals [!Ref More, "yes"]}
Resources:
  Always: {Type: 'AWS::SNS::Topic'}
"""
SOMETIMES = """
  Sometimes:
    Type: AWS::SNS::Topic
    Condition: More
    Properties: {DisplayName: !Ref Inner}
"""
NAMED = """
  Named:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !If [More, !Ref Inner, none]}
"""
POINTED = """
  Other: {Type: 'AWS::SNS::Topic'}
  Pointed:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !If [More, !GetAtt Always.TopicName, !GetAtt Other.TopicName]}
"""
OUTPUTS = """
Outputs:
  Sometimes: {Condition: More, Value: !GetAtt Always.TopicName}
"""


def test_change_set_follows_a_changed_condition(cloud: Cloud, stack_name: str) -> None:
    sns = cloud.client("sns")
    create(cloud, stack_name, PLAIN + SOMETIMES)
    assert changes(change_set(cloud, stack_name, More="yes")) == {"Sometimes": "Add"}
    execute(cloud, stack_name)
    topics = made(cloud, stack_name)
    assert sns.get_topic_attributes(TopicArn=topics["Sometimes"])["Attributes"]["DisplayName"] == "a"
    assert changes(change_set(cloud, stack_name, More="no")) == {"Sometimes": "Remove"}
    execute(cloud, stack_name)
    assert made(cloud, stack_name) == {"Always": topics["Always"]}
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.get_topic_attributes(TopicArn=topics["Sometimes"])


@pytest.mark.parametrize(("resources", "changed"), [(NAMED, "Named"), (POINTED, "Pointed")], ids=["value", "attribute"])
def test_change_set_follows_a_changed_if(cloud: Cloud, stack_name: str, resources: str, changed: str) -> None:
    create(cloud, stack_name, PLAIN + resources)
    assert changes(change_set(cloud, stack_name, More="yes")) == {changed: "Modify"}
    execute(cloud, stack_name)
    assert changes(change_set(cloud, stack_name, More="no")) == {changed: "Modify"}


def test_a_change_set_of_outputs_alone_lists_nothing_and_can_be_executed(cloud: Cloud, stack_name: str) -> None:
    create(cloud, stack_name, PLAIN + OUTPUTS)
    for more, outputs in (("yes", ["Sometimes"]), ("no", [])):
        assert changes(change_set(cloud, stack_name, More=more)) == {}
        assert [each["OutputKey"] for each in execute(cloud, stack_name).get("Outputs", [])] == outputs


@pytest.mark.parametrize("values", [{}, {"Unused": "b"}, {"Inner": "b"}], ids=["same", "unused", "left-out"])
def test_a_change_set_that_changes_nothing_fails(cloud: Cloud, stack_name: str, values: dict[str, str]) -> None:
    create(cloud, stack_name, PLAIN + SOMETIMES + NAMED + OUTPUTS)
    described = change_set(cloud, stack_name, **values)
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in described["StatusReason"]


def test_update_follows_a_changed_condition(cloud: Cloud, stack_name: str) -> None:
    create(cloud, stack_name, PLAIN + SOMETIMES)
    for more, resources in (("yes", {"Always", "Sometimes"}), ("no", {"Always"})):
        template_parameters = [{"ParameterKey": "More", "ParameterValue": more}]
        cloud.client("cloudformation").update_stack(
            StackName=stack_name, UsePreviousTemplate=True, Parameters=template_parameters
        )
        assert finished(cloud, stack_name)["StackStatus"] == "UPDATE_COMPLETE"
        assert made(cloud, stack_name).keys() == resources


def test_added_services_and_ministacks_own_are_routed(cloud: Cloud) -> None:
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
    assert any("absent:1 was not built here" in reason for reason in reasons), reasons


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
        lambda: (described := machines.describe_execution(executionArn=execution))["status"] != "RUNNING" and described,
    )
    assert json.loads(ended["output"])["ModelPackageGroupArn"].endswith("from-a-machine")


def finished(cloud: Cloud, stack_name: str) -> dict:
    """The stack, once nothing is in progress."""

    def look() -> dict | None:
        stack = cloud.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    return until(look)


def create(cloud: Cloud, stack_name: str, template: str) -> None:
    """Create a stack with the defaults of its template."""
    cloud.client("cloudformation").create_stack(StackName=stack_name, TemplateBody=template)
    stack = finished(cloud, stack_name)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack


def change_set(cloud: Cloud, stack_name: str, **values: str) -> dict:
    """A change set that gives the stack other values for parameters, once it is made."""
    cloudformation = cloud.client("cloudformation")
    name = {"StackName": stack_name, "ChangeSetName": "change"}
    cloudformation.delete_change_set(**name)
    template_parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    cloudformation.create_change_set(
        **name, ChangeSetType="UPDATE", UsePreviousTemplate=True, Parameters=template_parameters
    )

    def look() -> dict | None:
        described = cloudformation.describe_change_set(**name)
        return described if described["Status"] in {"CREATE_COMPLETE", "FAILED"} else None

    return until(look)


def changes(described: dict) -> dict[str, str]:
    """What a change set that can be executed does to which resource."""
    assert described["ExecutionStatus"] == "AVAILABLE", described.get("StatusReason")
    found = (each["ResourceChange"] for each in described["Changes"])
    return {change["LogicalResourceId"]: change["Action"] for change in found}


def execute(cloud: Cloud, stack_name: str) -> dict:
    """The stack after its change set."""
    cloud.client("cloudformation").execute_change_set(StackName=stack_name, ChangeSetName="change")
    stack = finished(cloud, stack_name)
    assert stack["StackStatus"] == "UPDATE_COMPLETE", stack
    return stack


def made(cloud: Cloud, stack_name: str) -> dict[str, str]:
    """The physical ids of a stack's resources by their logical ones."""
    found = cloud.client("cloudformation").describe_stack_resources(StackName=stack_name)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}


def test_an_api_is_imported_with_its_methods_or_refused_by_what_would_be_ignored(cloud: Cloud) -> None:
    gateway = cloud.client("apigateway")
    integration: dict[str, object] = {"type": "aws_proxy", "httpMethod": "POST", "uri": "arn:aws:apigateway:function"}
    document = {
        "swagger": "2.0",
        "info": {"title": "imported", "version": "1"},
        "paths": {"/predict": {"post": {"x-amazon-apigateway-integration": integration}}},
        "x-amazon-apigateway-binary-media-types": ["application/x-npy"],
    }

    def imported() -> dict:
        parameters = {"endpointConfigurationTypes": "REGIONAL"}
        return gateway.import_rest_api(parameters=parameters, body=json.dumps(document).encode())

    api = imported()
    assert (api["name"], api["binaryMediaTypes"]) == ("imported", ["application/x-npy"])
    methods = {
        each["path"]: [*each.get("resourceMethods", {})] for each in gateway.get_resources(restApiId=api["id"])["items"]
    }
    assert methods == {"/": [], "/predict": ["POST"]}
    gateway.delete_rest_api(restApiId=api["id"])
    document["x-amazon-apigateway-policy"] = {}
    integration["credentials"] = "arn:aws:iam::000000000000:role/caller"
    with pytest.raises(ClientError, match=r"not import x-amazon-apigateway-integration.credentials, x-amazon-.*policy"):
        imported()
    with pytest.raises(ClientError, match="does not implement apigateway PutRestApi"):
        gateway.put_rest_api(restApiId=api["id"], body=b"{}")
