"""Stacks of infra/endpoint.yml: one release of a model each, with production's parameters."""

from typing import Any

from botocore.exceptions import ClientError
from harness import REPOSITORY
from hosting import Hosting
from waiting import until

TEMPLATE = (REPOSITORY / "infra" / "endpoint.yml").read_text(encoding="utf-8")
# What the other stacks of a project export.
ACCOUNT = """
Parameters: {Project: {Type: String}}
Resources:
  Key: {Type: "AWS::KMS::Key", Properties: {Description: of the captured data}}
  Topic: {Type: "AWS::SNS::Topic"}
Outputs:
  Topic: {Value: !Ref Topic, Export: {Name: !Sub "${Project}:TopicArn"}}
  Key: {Value: !GetAtt Key.Arn, Export: {Name: !Sub "${Project}:KeyArn"}}
  Role: {Value: !Sub "arn:aws:iam::${AWS::AccountId}:role/worker", Export: {Name: !Sub "${Project}:TransformRoleArn"}}
"""
ENDED = ("COMPLETE", "FAILED")


class Stack:
    """One stack of the cloud."""

    def __init__(self, hosting: Hosting, name: str):
        self.hosting = hosting
        self.name = name
        self.cloudformation = hosting.cloud.client("cloudformation")

    def deploy(self, template: str, parameters: dict[str, Any], **members: Any) -> dict:
        """Create or update the stack and describe it once that has ended."""
        self.start(template, parameters, **members)
        return self.ended()

    def start(self, template: str, parameters: dict[str, Any], **members: Any) -> None:
        """Begin to create or update the stack."""
        try:
            self.cloudformation.describe_stacks(StackName=self.name)
            change = self.cloudformation.update_stack
        except ClientError:
            change = self.cloudformation.create_stack
        template_parameters = [{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()]
        change(StackName=self.name, TemplateBody=template, Parameters=template_parameters, **members)

    def ended(self) -> dict:
        """The stack's description once nothing changes any more."""
        return until(self._when_ended)

    def has_ended(self) -> bool:
        return self._when_ended() is not None

    def _when_ended(self) -> dict | None:
        [stack] = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        status = stack["StackStatus"]
        return stack if status.endswith(ENDED) and "CLEANUP" not in status else None

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

        until(gone)


def release(hosting: Hosting, endpoint: str, number: int, program: str, **changes: Any) -> dict[str, Any]:
    """Parameters of infra/endpoint.yml for one release of a model that runs `program`."""
    name = f"{endpoint}-{number}"
    return {
        "Project": "test",
        "EndpointName": endpoint,
        "ResourceName": name,
        "Image": hosting.image_uri,
        "ModelDataUrl": hosting.archive(name, program),
        "ExecutionRoleArn": hosting.role_arn,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialSamplingPercentage": 100,
        "CaptureUri": f"s3://{hosting.bucket}/capture",
        "CaptureKeyArn": "",
        "Subnets": "",
        "SecurityGroupIds": "",
        "ExecutionId": f"execution-{number}",
        "CommitId": f"commit-{number}",
        "DataVersion": "v1",
        **dict.fromkeys(("ChallengerName", "ChallengerResourceName", "ChallengerImage", "ChallengerModelDataUrl"), ""),
        **dict.fromkeys(("FunctionsBucket", "FunctionsKey", "FunctionsVersion"), ""),
        **dict.fromkeys(("FunctionSubnets", "FunctionSecurityGroupIds"), ""),
        **changes,
    }
