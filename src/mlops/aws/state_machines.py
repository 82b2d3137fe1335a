"""State machines that are started outside of the pipeline, and their executions."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from mlops.aws import polling
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError
from mlops.names import Names

RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"
# Of the newest events, one is the entry of a state: the others are of that state's task.
_EVENTS = 10


def find(session: Session, names: Names, name: str) -> str:
    """The ARN of the state machine PROJECT-NAME. InputError where there is none."""
    full = f"{names.project}-{name}"
    arn = f"arn:{session.partition}:states:{session.region}:{session.account}:stateMachine:{full}"
    try:
        return str(session.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["stateMachineArn"])
    except AWSError as error:
        if error.code != "StateMachineDoesNotExist":
            raise
        raise InputError(f"There is no state machine {full}. Run: mlops deploy") from error


def running(session: Session, arn: str) -> list[str]:
    """The ARNs of the state machine's executions that have not ended."""
    found = session.client("stepfunctions").list_executions(stateMachineArn=arn, statusFilter=RUNNING)["executions"]
    return [each["executionArn"] for each in found]


def start(session: Session, arn: str) -> str:
    """Start an execution and return its ARN."""
    return str(session.client("stepfunctions").start_execution(stateMachineArn=arn)["executionArn"])


def follow(session: Session, execution: str) -> Generator[str, None, dict[str, Any]]:
    """Yield the name of the present state until the execution has ended. Returns the execution's description."""
    client, backoff = session.client("stepfunctions"), polling.Backoff()
    while True:
        described: dict[str, Any] = client.describe_execution(executionArn=execution)
        if described["status"] != RUNNING:
            return described
        yield _state(client, execution)
        backoff.sleep()


def _state(client: Any, execution: str) -> str:
    """Empty where none of the newest events names a state."""
    events = client.get_execution_history(
        executionArn=execution, reverseOrder=True, maxResults=_EVENTS, includeExecutionData=False
    )["events"]
    entered = (each["stateEnteredEventDetails"]["name"] for each in events if "stateEnteredEventDetails" in each)
    return next(entered, "")
