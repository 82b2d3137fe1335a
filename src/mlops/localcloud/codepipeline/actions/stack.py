"""Operations on one CloudFormation stack, as the deploy action makes them."""

from collections.abc import Callable

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlops.localcloud.codepipeline.actions.provider import ActionFailed

_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE")
_NOTHING_CHANGES = ("No updates are to be performed", "didn't contain changes", "No updates")


class Stack:
    """A stack by its name. `pause` waits between two descriptions of it."""

    def __init__(self, client: BaseClient, name: str, pause: Callable[[], None]):
        self.name = name
        self._client = client
        self._pause = pause

    def describe(self) -> dict | None:
        """The stack as DescribeStacks shows it; None when it does not exist."""
        try:
            return self._client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise

    def create(self, request: dict) -> str:
        """Begin to create the stack and return its id."""
        return self._client.create_stack(StackName=self.name, **request)["StackId"]

    def update(self, request: dict) -> bool:
        """Begin to update the stack; False when there is nothing to change."""
        try:
            self._client.update_stack(StackName=self.name, **request)
        except ClientError as error:
            if _nothing_changes(error.response["Error"]["Message"]):
                return False
            raise
        return True

    def delete(self, role: dict[str, str]) -> None:
        """Begin to delete the stack."""
        self._client.delete_stack(StackName=self.name, **role)

    def replace_change_set(self, name: str, request: dict) -> None:
        """Create the change set anew and wait until it can be executed. It may turn out to change nothing."""
        existing = self.describe()
        new = existing is None or existing["StackStatus"] == "REVIEW_IN_PROGRESS"
        if existing is not None and self._change_set(name) is not None:
            self._client.delete_change_set(StackName=self.name, ChangeSetName=name)
        self._client.create_change_set(
            StackName=self.name, ChangeSetName=name, ChangeSetType="CREATE" if new else "UPDATE", **request
        )
        while (change_set := self._change_set(name) or {}).get("Status", "").endswith(("_PENDING", "_IN_PROGRESS")):
            self._pause()
        reason = change_set.get("StatusReason", "")
        if change_set.get("Status") == "FAILED" and not _nothing_changes(reason):
            raise ActionFailed("JobFailed", f"Change set {name} of stack {self.name} failed: {reason}")

    def execute_change_set(self, name: str) -> bool:
        """Begin to execute the change set; False when it changes nothing."""
        change_set = self._change_set(name)
        if change_set is None:
            raise ActionFailed("ConfigurationError", f"Stack {self.name} has no change set {name}")
        if change_set["Status"] == "FAILED" and _nothing_changes(change_set.get("StatusReason", "")):
            return False
        self._client.execute_change_set(StackName=self.name, ChangeSetName=name)
        return True

    def wait(self, stack_id: str) -> dict:
        """Wait until nothing is in progress and return the stack.

        Raises ActionFailed with the first resource that failed and its reason.
        """
        while True:
            stack = self._client.describe_stacks(StackName=stack_id)["Stacks"][0]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                break
            self._pause()
        if stack["StackStatus"] not in _DONE:
            message = f"Stack {self.name} ended as {stack['StackStatus']}. {self._first_failure(stack_id)}"
            raise ActionFailed("JobFailed", message.strip())
        return stack

    def _change_set(self, name: str) -> dict | None:
        try:
            return self._client.describe_change_set(StackName=self.name, ChangeSetName=name)
        except self._client.exceptions.ChangeSetNotFoundException:
            return None

    def _first_failure(self, stack_id: str) -> str:
        """What failed first in the operation that has ended; "" when the role may not see the events."""
        try:
            events = self._client.describe_stack_events(StackName=stack_id)["StackEvents"]
        except ClientError:
            # AWS, too, then leaves the details out.
            return ""
        first = ""
        for event in events:
            status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
            of_stack = event["PhysicalResourceId"] == stack_id
            if of_stack and status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"):
                break
            if status.endswith("_FAILED") and "cancelled" not in reason and not of_stack:
                first = f"{event['LogicalResourceId']} ({event['ResourceType']}) failed: {reason}"
        return first


def _nothing_changes(message: str) -> bool:
    return any(words in message for words in _NOTHING_CHANGES)
