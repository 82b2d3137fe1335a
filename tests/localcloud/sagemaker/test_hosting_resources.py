"""CloudFormation over hosting: releases by infra/endpoint.yml, generated names, replacements and updates in place."""

import json

import pytest
from botocore.exceptions import ClientError
from hosting import DIES_AT_START, PING_FAILED, Hosting, says
from releasing import TEMPLATE, Stack, release


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


def test_a_release_whose_endpoint_fails_leaves_production_serving(hosting: Hosting, stack: Stack, key_arn: str) -> None:
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


def test_a_first_release_whose_endpoint_fails_leaves_nothing(hosting: Hosting, stack: Stack, key_arn: str) -> None:
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


def test_an_endpoint_is_deleted_with_its_stack(hosting: Hosting, key_arn: str) -> None:
    stack = Stack(hosting, "short-lived")
    stack.deploy(TEMPLATE, release(hosting, "trips-gone", 1, says("1"), CaptureKeyArn=key_arn))
    stack.delete()
    with pytest.raises(ClientError, match="Could not find endpoint"):
        hosting.sagemaker.describe_endpoint(EndpointName="trips-gone")


def test_changed_models_are_replaced(hosting: Hosting, stack: Stack) -> None:
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


def test_a_model_package_group_is_deleted_with_its_stack(hosting: Hosting, stack: Stack) -> None:
    template = json.dumps(
        {
            "Resources": {
                "Group": {
                    "Type": "AWS::SageMaker::ModelPackageGroup",
                    "Properties": {
                        "ModelPackageGroupName": "group-of-a-stack",
                        "ModelPackageGroupDescription": "Releases",
                    },
                }
            },
            "Outputs": {"Arn": {"Value": {"Ref": "Group"}}},
        }
    )
    stack.deploy(template, {})
    group = hosting.sagemaker.describe_model_package_group(ModelPackageGroupName="group-of-a-stack")
    assert group["ModelPackageGroupDescription"] == "Releases"
    assert stack.outputs()["Arn"] == group["ModelPackageGroupArn"]


def test_an_unknown_property_fails_the_resource(hosting: Hosting, stack: Stack) -> None:
    properties = {"ModelPackageGroupName": "misspelt", "Descripton": "Releases"}
    template = {"Resources": {"Group": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": properties}}}
    assert stack.deploy(json.dumps(template), {})["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any("Descripton" in reason for reason in stack.reasons())
