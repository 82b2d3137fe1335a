"""AWS CloudFormation deploy action."""

import json
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlops.localcloud.codepipeline.run import ActionFailed, Run

_MODES = ("CREATE_UPDATE", "REPLACE_ON_FAILURE", "DELETE_ONLY")
_FAILED_CREATIONS = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")


def run(run: Run) -> None:
    """Create, update or delete the stack as ActionMode says, and give its outputs as variables."""
    mode, stack = run.configuration["ActionMode"], run.configuration["StackName"]
    if mode not in _MODES:
        raise ActionFailed(
            "ConfigurationError",
            f"The local cloud does not know ActionMode {mode}; it knows {', '.join(_MODES)}",
        )
    client = run.client("cloudformation")
    status = _status(client, stack)
    if mode == "DELETE_ONLY":
        return _delete(run, client, stack) if status else None
    if status in _FAILED_CREATIONS and mode == "REPLACE_ON_FAILURE":
        _delete(run, client, stack)
        status = None
    request = _request(run, stack)
    try:
        identifier = (client.update_stack if status else client.create_stack)(**request)["StackId"]
    except ClientError as error:
        if "No updates are to be performed" not in error.response["Error"]["Message"]:
            raise ActionFailed("JobFailed", error.response["Error"]["Message"]) from error
        identifier = client.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    run.record.external_id = identifier
    described = _settled(run, client, identifier)
    run.record.values = {
        output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])
    }
    run.record.summary = f"Stack {stack} is {described['StackStatus']}"
    if described["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise ActionFailed("JobFailed", f"{run.record.summary}. {_first_failure(client, identifier)}")


def _status(client: BaseClient, stack: str) -> str | None:
    try:
        return client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise


def _settled(run: Run, client: BaseClient, identifier: str) -> dict:
    while True:
        described = client.describe_stacks(StackName=identifier)["Stacks"][0]
        if not described["StackStatus"].endswith("_IN_PROGRESS"):
            return described
        run.wait()


def _delete(run: Run, client: BaseClient, stack: str) -> None:
    identifier = client.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    client.delete_stack(StackName=stack)
    described = _settled(run, client, identifier)
    if described["StackStatus"] != "DELETE_COMPLETE":
        raise ActionFailed(
            "JobFailed", f"Stack {stack} could not be deleted. {_first_failure(client, identifier)}"
        )


def _first_failure(client: BaseClient, identifier: str) -> str:
    events = client.describe_stack_events(StackName=identifier)["StackEvents"]
    for event in reversed(events):
        reason = event.get("ResourceStatusReason", "")
        if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason.lower():
            return f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
    return "No resource says why"


def _request(run: Run, stack: str) -> dict:
    settings = (
        json.loads(run.file(run.configuration["TemplateConfiguration"]))
        if "TemplateConfiguration" in run.configuration
        else {}
    )
    overrides = json.loads(run.configuration.get("ParameterOverrides", "{}"))
    parameters = settings.get("Parameters", {}) | {
        name: _override(run, value) for name, value in overrides.items()
    }
    return {
        "StackName": stack,
        "TemplateBody": run.file(run.configuration["TemplatePath"]),
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        "Tags": [{"Key": name, "Value": value} for name, value in settings.get("Tags", {}).items()],
        "Capabilities": [item for item in run.configuration.get("Capabilities", "").split(",") if item],
        **({"RoleARN": run.configuration["RoleArn"]} if "RoleArn" in run.configuration else {}),
    }


def _override(run: Run, value: Any) -> str:
    if isinstance(value, dict) and "Fn::GetParam" in value:
        artifact, file, key = value["Fn::GetParam"]
        return str(json.loads(run.file(f"{artifact}::{file}"))[key])
    if isinstance(value, dict) and "Fn::GetArtifactAtt" in value:
        artifact, attribute = value["Fn::GetArtifactAtt"]
        place = run.artifact(artifact)
        known = {"BucketName": place["bucketName"], "ObjectKey": place["objectKey"]}
        if attribute not in known:
            raise ActionFailed(
                "ConfigurationError", f"The local cloud does not know artifact attribute {attribute}"
            )
        return known[attribute]
    return str(value)
