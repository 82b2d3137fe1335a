"""Deploys a stack from a template of this folder, by a change set."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import click
from botocore.client import BaseClient
from botocore.exceptions import ClientError

_SETTLED = ("_COMPLETE", "_FAILED")


class Refused(click.ClickException):
    """A message for people. Exit codes: 1 AWS refused, 2 the input is wrong."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it of the instance


class Stack:
    """A stack by its name, whether it exists or not."""

    def __init__(self, cloudformation: BaseClient, name: str, template: Path) -> None:
        self._cloudformation = cloudformation
        self._name = name
        self._template = template

    @property
    def exists(self) -> bool:
        return self._describe() is not None

    @property
    def parameters(self) -> dict[str, str]:
        """The values of the last deployment; empty before the first one."""
        described = (self._describe() or {}).get("Parameters", [])
        return {each["ParameterKey"]: each["ParameterValue"] for each in described}

    @property
    def outputs(self) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self._existing().get("Outputs", [])}

    @property
    def resources(self) -> set[str]:
        """The logical ids of what the stack has made; empty before the first deployment."""
        if not self.exists:
            return set()
        resources = self._cloudformation.list_stack_resources(StackName=self._name)["StackResourceSummaries"]
        return {each["LogicalResourceId"] for each in resources if not each["ResourceStatus"].startswith("DELETE")}

    def deploy(self, parameters: dict[str, str]) -> None:
        """Create the stack or update it, and wait for the end. Refused where that fails."""
        name = f"deploy-{time.time_ns()}"
        self._cloudformation.create_change_set(
            StackName=self._name,
            ChangeSetName=name,
            ChangeSetType="UPDATE" if self.exists else "CREATE",
            TemplateBody=self._template.read_text(encoding="utf-8"),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        for pause in _pauses():
            change_set = self._cloudformation.describe_change_set(StackName=self._name, ChangeSetName=name)
            if change_set["Status"] == "CREATE_COMPLETE":
                break
            if change_set["Status"] == "FAILED":
                self._cloudformation.delete_change_set(StackName=self._name, ChangeSetName=name)
                if "didn't contain changes" in change_set["StatusReason"] or "No updates" in change_set["StatusReason"]:
                    click.echo("  it was up to date")
                    return
                raise Refused(f"The stack {self._name} can't be deployed: {change_set['StatusReason']}", 1)
            time.sleep(pause)
        self._cloudformation.execute_change_set(StackName=self._name, ChangeSetName=name)
        self._wait()

    def _wait(self) -> None:
        for pause in _pauses():
            status = self._existing()["StackStatus"]
            if status.endswith(_SETTLED):
                break
            time.sleep(pause)
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            click.echo("  done")
            return
        events = self._cloudformation.describe_stack_events(StackName=self._name)["StackEvents"]
        failed = [each for each in reversed(events) if each["ResourceStatus"].endswith("_FAILED")]
        reason = (
            f"{failed[0]['LogicalResourceId']}: {failed[0].get('ResourceStatusReason')}"
            if failed
            else "no reason given"
        )
        raise Refused(f"The stack {self._name} ended in {status}. {reason}", 1)

    def _describe(self) -> dict | None:
        try:
            (stack,) = self._cloudformation.describe_stacks(StackName=self._name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return stack if stack["StackStatus"] != "REVIEW_IN_PROGRESS" else None

    def _existing(self) -> dict:
        stack = self._describe()
        if stack is None:
            raise Refused(f"The stack {self._name} was deleted while it was deployed. Run the command again.", 1)
        return stack


def _pauses() -> Iterator[float]:
    """Seconds between two questions, each a tenth longer than the one before: AWS allows few of them."""
    pause = 0.5
    while True:
        yield pause
        pause = min(1.1 * pause, 5)
