"""CloudFormation over hosting: releases by infra/endpoint.yml, generated names, what is replaced and what is not."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from harness import REPOSITORY, until
from hosting import DIES_AT_START, PING_FAILED, Hosting, says

TEMPLATE = (REPOSITORY / "infra" / "endpoint.yml").read_text(encoding="utf-8")
ENDED = ("COMPLETE", "FAILED")


class Stack:
    """One stack of the cloud."""

    def __init__(self, hosting: Hosting, name: str):
        self.hosting = hosting
        self.name = name
        self.cloudformation = hosting.cloud.client("cloudformation")

    def deploy(self, template: str, parameters: dict[str, Any], **members: Any) -> dict:
        """Create or update the stack and describe it once that has ended."""
        try:
            self.cloudformation.describe_stacks(StackName=self.name)
            change = self.cloudformation.update_stack
        except ClientError:
            change = self.cloudformation.create_stack
        given = [{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()]
        change(StackName=self.name, TemplateBody=template, Parameters=given, **members)
        return self.ended()

    def ended(self) -> dict:
        def description() -> dict | None:
            [stack] = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
            status = stack["StackStatus"]
            return stack if status.endswith(ENDED) and "CLEANUP" not in status else None

        return until(description, 60)

    def outputs(self) -> dict[str, str]:
        return {item["OutputKey"]: item["OutputValue"] for item in self.ended().get("Outputs", [])}

    def reasons(self) -> list[str]:
        """The reasons of all events, newest first."""
        events = self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return [event["ResourceStatusReason"] for event in events if event.get("ResourceStatusReason")]

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName=self.name)

        def gone() -> bool:
            stacks = self.cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
            return self.name in [stack["StackName"] for stack in stacks]

        until(gone, 60)


@pytest.fixture
def stack(hosting: Hosting, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack that this test makes, deleted after it."""
    made = Stack(hosting, request.node.name.replace("_", "-")[:60].strip("-"))
    yield made
    made.delete()


def release(hosting: Hosting, endpoint: str, number: int, program: str, **changes: Any) -> dict[str, Any]:
    """Parameters of infra/endpoint.yml for one release of a model that runs `program`."""
    name = f"{endpoint}-{number}"
    return {
        "EndpointName": endpoint,
        "ResourceName": name,
        "Image": hosting.image_uri,
        "ModelDataUrl": hosting.archive(name, program),
        "ExecutionRoleArn": hosting.role_arn,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialSamplingPercentage": 100,
        "CaptureUri": f"s3://{hosting.bucket}/capture/{endpoint}",
        "CaptureKeyArn": "",
        "Subnets": "",
        "SecurityGroupIds": "",
        "ExecutionId": f"execution-{number}",
        "CommitId": f"commit-{number}",
        "DataVersion": "v1",
        **changes,
    }


@pytest.fixture(scope="module")
def key_arn(hosting: Hosting) -> str:
    return hosting.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]


def test_a_second_release_updates_the_endpoint_in_place(hosting: Hosting, stack: Stack, key_arn: str) -> None:
    first = release(hosting, "trips-production", 1, says("first"), CaptureKeyArn=key_arn)
    tags = [{"Key": "project", "Value": "taxi"}]
    assert stack.deploy(TEMPLATE, first, Tags=tags)["StackStatus"] == "CREATE_COMPLETE"
    assert hosting.ask("trips-production") == "first"
    assert stack.outputs()["EndpointName"] == "trips-production"
    created = hosting.sagemaker.describe_endpoint(EndpointName="trips-production")
    capture = hosting.sagemaker.describe_endpoint_config(EndpointConfigName="trips-production-1")["DataCaptureConfig"]
    assert (capture["InitialSamplingPercentage"], capture["KmsKeyId"]) == (100, key_arn)

    second = release(hosting, "trips-production", 2, says("second"), CaptureKeyArn=key_arn)
    retagged = [{"Key": "commit", "Value": "2"}]
    assert stack.deploy(TEMPLATE, second, Tags=retagged)["StackStatus"] == "UPDATE_COMPLETE"
    updated = hosting.sagemaker.describe_endpoint(EndpointName="trips-production")
    assert updated["CreationTime"] == created["CreationTime"]
    assert updated["EndpointConfigName"] == stack.outputs()["EndpointConfigName"] == "trips-production-2"
    assert hosting.ask("trips-production") == "second"
    assert {"Key": "commit", "Value": "2"} in hosting.sagemaker.list_tags(ResourceArn=updated["EndpointArn"])["Tags"]
    for describe, name in (
        (hosting.sagemaker.describe_model, {"ModelName": "trips-production-1"}),
        (hosting.sagemaker.describe_endpoint_config, {"EndpointConfigName": "trips-production-1"}),
    ):
        with pytest.raises(ClientError, match="Could not find"):
            describe(**name)


def test_a_release_that_does_not_come_up_leaves_production_serving(
    hosting: Hosting, stack: Stack, key_arn: str
) -> None:
    good = release(hosting, "trips-kept", 1, says("good"), CaptureKeyArn=key_arn)
    stack.deploy(TEMPLATE, good)
    bad = release(hosting, "trips-kept", 2, DIES_AT_START, CaptureKeyArn=key_arn)
    assert stack.deploy(TEMPLATE, bad)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

    assert any(PING_FAILED in reason for reason in stack.reasons())
    assert hosting.ask("trips-kept") == "good"
    endpoint = hosting.sagemaker.describe_endpoint(EndpointName="trips-kept")
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", "trips-kept-1")
    assert stack.outputs()["ModelName"] == "trips-kept-1"
    with pytest.raises(ClientError, match="Could not find model"):
        hosting.sagemaker.describe_model(ModelName="trips-kept-2")

    fixed = release(hosting, "trips-kept", 3, says("fixed"), CaptureKeyArn=key_arn)
    assert stack.deploy(TEMPLATE, fixed)["StackStatus"] == "UPDATE_COMPLETE"
    assert hosting.ask("trips-kept") == "fixed"


def test_a_first_release_that_does_not_come_up_leaves_nothing(hosting: Hosting, stack: Stack, key_arn: str) -> None:
    parameters = release(hosting, "trips-dead", 1, DIES_AT_START, CaptureKeyArn=key_arn)
    assert stack.deploy(TEMPLATE, parameters)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any(PING_FAILED in reason for reason in stack.reasons())
    for describe, name in (
        (hosting.sagemaker.describe_endpoint, {"EndpointName": "trips-dead"}),
        (hosting.sagemaker.describe_endpoint_config, {"EndpointConfigName": "trips-dead-1"}),
        (hosting.sagemaker.describe_model, {"ModelName": "trips-dead-1"}),
    ):
        with pytest.raises(ClientError, match="Could not find"):
            describe(**name)


def test_an_endpoint_goes_with_its_stack(hosting: Hosting, key_arn: str) -> None:
    stack = Stack(hosting, "short-lived")
    stack.deploy(TEMPLATE, release(hosting, "trips-gone", 1, says("1"), CaptureKeyArn=key_arn))
    stack.delete()
    with pytest.raises(ClientError, match="Could not find endpoint"):
        hosting.sagemaker.describe_endpoint(EndpointName="trips-gone")


def test_names_are_generated_and_a_model_and_its_configuration_are_replaced(hosting: Hosting, stack: Stack) -> None:
    template = json.dumps(
        {
            "Parameters": {"Threshold": {"Type": "String"}},
            "Resources": {
                "Model": {
                    "Type": "AWS::SageMaker::Model",
                    "Properties": {
                        "ExecutionRoleArn": hosting.role_arn,
                        "EnableNetworkIsolation": "true",
                        "PrimaryContainer": {
                            "Image": hosting.image_uri,
                            "ModelDataUrl": hosting.archive("generated", says("1")),
                            "Environment": {"THRESHOLD": {"Ref": "Threshold"}},
                        },
                    },
                },
                "Config": {
                    "Type": "AWS::SageMaker::EndpointConfig",
                    "Properties": {
                        "ProductionVariants": [
                            {
                                "VariantName": "AllTraffic",
                                "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                                "InstanceType": "ml.m5.large",
                                "InitialInstanceCount": "1",
                                "InitialVariantWeight": "0.5",
                            }
                        ]
                    },
                },
            },
            "Outputs": {
                "Model": {"Value": {"Ref": "Model"}},
                "Config": {"Value": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}},
            },
        }
    )
    stack.deploy(template, {"Threshold": "1"})
    before = stack.outputs()
    assert before["Config"].startswith(f"{stack.name[:20]}")
    assert ":model/" in before["Model"]
    name = before["Model"].rpartition("/")[2]
    assert hosting.sagemaker.describe_model(ModelName=name)["EnableNetworkIsolation"] is True
    [variant] = hosting.sagemaker.describe_endpoint_config(EndpointConfigName=before["Config"])["ProductionVariants"]
    assert (variant["InitialInstanceCount"], variant["InitialVariantWeight"]) == (1, 0.5)

    assert stack.deploy(template, {"Threshold": "2"})["StackStatus"] == "UPDATE_COMPLETE"
    after = stack.outputs()
    assert after["Model"] != before["Model"]
    assert after["Config"] != before["Config"]
    with pytest.raises(ClientError, match="Could not find model"):
        hosting.sagemaker.describe_model(ModelName=name)


def test_a_model_package_group_is_made_and_deleted(hosting: Hosting, stack: Stack) -> None:
    template = json.dumps(
        {
            "Resources": {
                "Group": {
                    "Type": "AWS::SageMaker::ModelPackageGroup",
                    "Properties": {"ModelPackageGroupName": "of-a-stack", "ModelPackageGroupDescription": "Releases"},
                }
            },
            "Outputs": {"Arn": {"Value": {"Ref": "Group"}}},
        }
    )
    stack.deploy(template, {})
    group = hosting.sagemaker.describe_model_package_group(ModelPackageGroupName="of-a-stack")
    assert group["ModelPackageGroupDescription"] == "Releases"
    assert stack.outputs()["Arn"] == group["ModelPackageGroupArn"]


def test_a_property_that_the_api_does_not_know_fails_the_resource(hosting: Hosting, stack: Stack) -> None:
    properties = {"ModelPackageGroupName": "misspelt", "Descripton": "Releases"}
    template = {"Resources": {"Group": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": properties}}}
    assert stack.deploy(json.dumps(template), {})["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any("Descripton" in reason for reason in stack.reasons())
