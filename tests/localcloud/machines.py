"""State machines of one task."""

import json

from harness import Cloud
from waiting import until


def start(cloud: Cloud, role_arn: str, name: str, task: dict, request: dict | None = None) -> str:
    """Create a state machine with one task, in JSONata, and start it. Returns the execution's ARN."""
    client = cloud.client("stepfunctions")
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Task",
        "States": {"Task": {"Type": "Task", "End": True, **task}},
    }
    machine = client.create_state_machine(name=name, roleArn=role_arn, definition=json.dumps(definition))
    started = client.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(request or {}))
    return started["executionArn"]


def ended(cloud: Cloud, execution: str) -> dict:
    """The description of an execution once it has ended."""

    def description() -> dict | None:
        described = cloud.client("stepfunctions").describe_execution(executionArn=execution)
        return described if described["status"] != "RUNNING" else None

    return until(description)
