"""Stacks of one resource, to see whether CloudFormation accepts its properties."""

import json
from typing import Any
from uuid import uuid4

from botocore.client import BaseClient
from harness import Cloud
from waiting import until


def outcome(cloud: Cloud, kind: str, properties: dict[str, Any]) -> tuple[str, list[str]]:
    """The status of a stack with one resource, once it is created or rolled back, and why resources failed."""
    return outcome_of(
        cloud.client("cloudformation"), {"Resources": {"Thing": {"Type": kind, "Properties": properties}}}
    )


def outcome_of(client: BaseClient, template: dict[str, Any]) -> tuple[str, list[str]]:
    """The status of a stack of this template, once it is created or rolled back, and why resources failed."""
    name = f"one-{uuid4().hex[:8]}"
    client.create_stack(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])

    def status() -> str | None:
        current = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return None if current.endswith("IN_PROGRESS") else current

    status_at_end = until(status)
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    client.delete_stack(StackName=name)
    reasons = [
        each.get("ResourceStatusReason", "") for each in events if each["ResourceStatus"].endswith("CREATE_FAILED")
    ]
    return status_at_end, reasons


def failure(cloud: Cloud, kind: str, properties: dict[str, Any]) -> str:
    """Why a resource cannot be created. Fails when it can."""
    status, reasons = outcome(cloud, kind, properties)
    assert status == "ROLLBACK_COMPLETE"
    return "\n".join(reasons)
