"""CloudFormation stacks. They are deployed by change set, which shows whether a deployment changes anything."""

from __future__ import annotations

import itertools
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlops.aws import paging, polling
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError, PipelineError
from mlops.tags import as_list

_NO_CHANGE = ("didn't contain changes", "No updates are to be performed")
# Statuses of a stack that CloudFormation does not update: it has to be deleted before it is created again.
_MUST_BE_DELETED = {"ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED"}
_CONSEQUENCE = (
    "Resource creation cancelled",
    "Resource update cancelled",
    "The following resource(s) failed",
)


@dataclass(frozen=True)
class StackEvent:
    """What happened to one resource of a stack; `status` is AWS's word, such as CREATE_IN_PROGRESS.

    `physical_id` is empty until the resource has one.
    """

    id: str
    time: datetime
    resource: str
    type: str
    status: str
    reason: str
    physical_id: str = ""

    @property
    def failed(self) -> bool:
        return self.status.endswith("_FAILED")

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.resource} ({self.type}) {self.status}{reason}"


@dataclass(frozen=True)
class Outcome:
    """How a deployment ended; `changed` is False when the stack was up to date."""

    changed: bool
    outputs: dict[str, str]


def deploy(
    session: Session,
    name: str,
    template: str,
    parameters: dict[str, str],
    *,
    capabilities: Sequence[str] = (),
    tags: dict[str, str] | None = None,
    role_arn: str | None = None,
) -> Generator[StackEvent, None, Outcome]:
    """Create or update the stack, and wait. CloudFormation assumes `role_arn`, or uses the caller's credentials.

    Yields the stack's events. Raises PipelineError with the first failing resource's reason, after CloudFormation has
    rolled the stack back.
    """
    stack = describe(session, name)
    if stack is not None and stack["StackStatus"] in _MUST_BE_DELETED:
        yield from delete(session, name)
        stack = None
    is_update = stack is not None and _is_updatable(name, stack["StackStatus"])
    return (
        yield from _apply_change_set(
            session,
            name,
            {
                "ChangeSetType": "UPDATE" if is_update else "CREATE",
                "Parameters": _parameters(parameters),
                "Capabilities": list(capabilities),
                "Tags": as_list(tags or {}),
                "TemplateBody": template,
                **({"RoleARN": role_arn} if role_arn else {}),
            },
        )
    )


def change(
    session: Session,
    name: str,
    template: str,
    parameters: dict[str, str],
    *,
    tags: dict[str, str],
) -> Generator[StackEvent, None, Outcome]:
    """Update an existing stack to this template and these parameters, and wait. The stack keeps its role.

    PipelineError as for `deploy`.
    """
    request = {
        "ChangeSetType": "UPDATE",
        "TemplateBody": template,
        "Parameters": _parameters(parameters),
        "Tags": as_list(tags),
    }
    return (yield from _apply_change_set(session, name, request))


def _apply_change_set(session: Session, name: str, request: dict) -> Generator[StackEvent, None, Outcome]:
    client = session.client("cloudformation")
    change_set = f"mlops-{time.time_ns()}"
    client.create_change_set(StackName=name, ChangeSetName=change_set, **request)
    if not _has_changes(client, name, change_set):
        return Outcome(False, outputs(session, name))
    last = next(events(session, name), None)
    client.execute_change_set(StackName=name, ChangeSetName=change_set)
    status, new_events = yield from _wait(session, name, last)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise PipelineError(_failure(name, status, new_events))
    return Outcome(True, outputs(session, name))


def _parameters(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(values.items())]


def delete(session: Session, name: str) -> Generator[StackEvent, None, None]:
    """Delete the stack and wait; yields its events, none when there is no such stack."""
    stack = describe(session, name)
    if stack is None:
        return
    # DescribeStacks finds a deleted stack only by its id.
    stack_id = stack["StackId"]
    last = next(events(session, stack_id), None)
    session.client("cloudformation").delete_stack(StackName=name)
    status, new_events = yield from _wait(session, stack_id, last)
    if status != "DELETE_COMPLETE":
        raise PipelineError(_failure(name, status, new_events))


def describe(session: Session, name: str) -> dict | None:
    """The description of a stack, or None when it does not exist."""
    try:
        return session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except AWSError as error:
        if error.is_missing_resource:
            return None
        raise


def outputs(session: Session, name: str) -> dict[str, str]:
    """The outputs of a stack; empty when there is no such stack."""
    stack = describe(session, name) or {}
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def parameters(session: Session, name: str) -> dict[str, str]:
    """The parameters that a stack was last deployed with; empty when there is no such stack."""
    return parameters_of(describe(session, name) or {})


def parameters_of(stack: dict) -> dict[str, str]:
    """The parameters in the description of a stack."""
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}


def events(session: Session, name: str) -> Iterator[StackEvent]:
    """The events of a stack, newest first."""
    client = session.client("cloudformation")
    for event in paging.items(client, "describe_stack_events", "StackEvents", StackName=name):
        yield StackEvent(
            id=event["EventId"],
            time=event["Timestamp"],
            resource=event.get("LogicalResourceId", name),
            type=event.get("ResourceType", ""),
            status=event.get("ResourceStatus", ""),
            reason=event.get("ResourceStatusReason", ""),
            physical_id=event.get("PhysicalResourceId", ""),
        )


def first_failure(events: list[StackEvent]) -> StackEvent | None:
    """The first failure that no other resource's failure caused; `events` are oldest first."""
    failed = [event for event in events if event.failed]
    causes = [event for event in failed if not event.reason.startswith(_CONSEQUENCE)]
    return next(iter(causes or failed), None)


def events_between(session: Session, name: str, first: datetime, last: datetime) -> list[StackEvent]:
    """The stack's events from `first` to `last`, oldest first; empty when the stack does not exist."""
    between = []
    try:
        for event in events(session, name):
            if event.time < first:
                break
            if event.time <= last:
                between.append(event)
    except AWSError as error:
        if not error.is_missing_resource:
            raise
    return between[::-1]


def _is_updatable(name: str, status: str) -> bool:
    """Whether a stack in this status is updated rather than created. InputError while neither is possible."""
    if status == "REVIEW_IN_PROGRESS":
        return False
    if status.endswith("_IN_PROGRESS"):
        raise InputError(f"The stack {name} is being changed ({status}). Wait for that, then run this again.")
    if status == "UPDATE_ROLLBACK_FAILED":
        raise InputError(
            f"The stack {name} is in {status}: its last update could not be undone. Run: "
            f"aws cloudformation continue-update-rollback --stack-name {name}"
        )
    return True


def _has_changes(client: Any, name: str, change_set: str) -> bool:
    backoff = polling.Backoff()
    while True:
        response = client.describe_change_set(StackName=name, ChangeSetName=change_set)
        status, reason = response["Status"], response.get("StatusReason", "")
        if status == "CREATE_COMPLETE":
            return True
        if status == "FAILED":
            client.delete_change_set(StackName=name, ChangeSetName=change_set)
            if any(text in reason for text in _NO_CHANGE):
                return False
            raise PipelineError(f"CloudFormation doesn't accept the template of the stack {name}: {reason}")
        backoff.sleep()


def _wait(
    session: Session, name: str, last: StackEvent | None
) -> Generator[StackEvent, None, tuple[str, list[StackEvent]]]:
    """Wait until the stack's operation has ended; yield the events after `last`, oldest first.

    Returns the stack's status and all these events.
    """
    all_new: list[StackEvent] = []
    backoff = polling.Backoff()
    while True:
        status = (describe(session, name) or {}).get("StackStatus", "DELETE_COMPLETE")
        new = _events_after(session, name, last)
        last = new[-1] if new else last
        all_new += new
        yield from new
        if not status.endswith("_IN_PROGRESS"):
            return status, all_new
        backoff.sleep()


def _events_after(session: Session, name: str, last: StackEvent | None) -> list[StackEvent]:
    """The events after `last`, oldest first. Reads no page beyond it: CloudFormation keeps a stack's events for 90 days."""
    return list(itertools.takewhile(lambda event: event != last, events(session, name)))[::-1]


def _failure(name: str, status: str, new_events: list[StackEvent]) -> str:
    first = first_failure(new_events)
    cause = f"{first.resource} ({first.type}): {first.reason}" if first else "CloudFormation gives no reason"
    return f"The stack {name} ended in {status}. {cause}"
