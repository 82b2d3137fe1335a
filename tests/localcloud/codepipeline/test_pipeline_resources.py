"""CloudFormation's types of pipelines and build projects."""

import json
from typing import Any

from delivery import Delivery
from waiting import until


def test_cloudformation_makes_changes_and_deletes_pipelines(delivery: Delivery) -> None:
    cloudformation = delivery.cloud.client("cloudformation")
    approval = {"Category": "Approval", "Owner": "AWS", "Provider": "Manual", "Version": "1"}
    source = {"Category": "Source", "Owner": "AWS", "Provider": "S3", "Version": "1"}
    settings = {
        "S3Bucket": delivery.bucket,
        "S3ObjectKey": "template/source.zip",
        "PollForSourceChanges": False,
    }
    properties: dict[str, Any] = {
        "Name": "of-a-template",
        "RoleArn": delivery.role_arn,
        "PipelineType": "V2",
        "ExecutionMode": "QUEUED",
        "Variables": [{"Name": "Release"}],
        "ArtifactStore": {"Type": "S3", "Location": delivery.bucket},
        "Stages": [
            {
                "Name": "Source",
                "Actions": [
                    {
                        "Name": "Source",
                        "ActionTypeId": source,
                        "Configuration": settings,
                        "OutputArtifacts": [{"Name": "Source"}],
                    }
                ],
            },
            {
                "Name": "Approve",
                "Actions": [{"Name": "Release", "RunOrder": "1", "TimeoutInMinutes": "5", "ActionTypeId": approval}],
            },
        ],
        "Tags": [{"Key": "team", "Value": "taxis"}],
    }

    def deploy(operation) -> dict:
        template = {
            "Resources": {"Line": {"Type": "AWS::CodePipeline::Pipeline", "Properties": properties}},
            "Outputs": {
                "Name": {"Value": {"Ref": "Line"}},
                "Version": {"Value": {"Fn::GetAtt": ["Line", "Version"]}},
            },
        }
        operation(StackName="line", TemplateBody=json.dumps(template))
        stack = until(settled)
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def settled() -> dict | None:
        stack = cloudformation.describe_stacks(StackName="line")["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    assert deploy(cloudformation.create_stack) == {"Name": "of-a-template", "Version": "1"}
    declared = delivery.pipelines.get_pipeline(name="of-a-template")["pipeline"]
    assert declared["stages"][0]["actions"][0]["configuration"]["PollForSourceChanges"] == "false"
    assert declared["stages"][1]["actions"][0]["timeoutInMinutes"] == 5
    tags = delivery.pipelines.list_tags_for_resource(
        resourceArn="arn:aws:codepipeline:us-east-1:000000000000:of-a-template"
    )["tags"]
    assert {"key": "team", "value": "taxis"} in tags
    properties["ExecutionMode"] = "PARALLEL"
    assert deploy(cloudformation.update_stack)["Version"] == "2"
    cloudformation.delete_stack(StackName="line")
    until(
        lambda: "of-a-template" not in [found["name"] for found in delivery.pipelines.list_pipelines()["pipelines"]],
    )


def test_cloudformation_makes_changes_and_deletes_projects(delivery: Delivery) -> None:
    builders = delivery.builders
    cloudformation = builders.cloud.client("cloudformation")
    properties = {
        "Name": "of-a-template",
        "ServiceRole": builders.role_arn,
        "Source": {
            "Type": "NO_SOURCE",
            "BuildSpec": "version: 0.2\nphases: {build: {commands: [echo $SIZE]}}\n",
        },
        "Artifacts": {"Type": "NO_ARTIFACTS"},
        "TimeoutInMinutes": "11",
        "Environment": {
            "Type": "LINUX_CONTAINER",
            "Image": "aws/codebuild/amazonlinux-x86_64-standard:6.0",
            "ComputeType": "BUILD_GENERAL1_SMALL",
            "PrivilegedMode": "false",
            "EnvironmentVariables": [{"Name": "SIZE", "Value": 1}],
        },
    }

    def deploy(operation) -> dict:
        template = {
            "Resources": {"Build": {"Type": "AWS::CodeBuild::Project", "Properties": properties}},
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Build", "Arn"]}}},
        }
        operation(StackName="builds", TemplateBody=json.dumps(template))
        return until(settled)

    def settled() -> dict | None:
        stack = cloudformation.describe_stacks(StackName="builds")["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    created = deploy(cloudformation.create_stack)
    assert created["StackStatus"] == "CREATE_COMPLETE", created
    assert created["Outputs"][0]["OutputValue"].endswith("project/of-a-template")
    assert builders.output(builders.run("of-a-template")) == ["1"]
    properties["Environment"]["EnvironmentVariables"] = [{"Name": "SIZE", "Value": "two"}]
    assert deploy(cloudformation.update_stack)["StackStatus"] == "UPDATE_COMPLETE"
    assert builders.output(builders.run("of-a-template")) == ["two"]
    cloudformation.delete_stack(StackName="builds")
    until(lambda: "of-a-template" not in builders.codebuild.list_projects()["projects"])
