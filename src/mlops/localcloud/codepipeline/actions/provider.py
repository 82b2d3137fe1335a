"""The interface of action providers, and of the action that one runs."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.client import BaseClient

from mlops.localcloud import context
from mlops.localcloud.codepipeline.actions import artifacts
from mlops.localcloud.codepipeline.records import ActionExecution, Execution, Pipeline, now

_POLL_SECONDS = 0.1


class ActionFailed(Exception):
    """The action failed, with one of CodePipeline's codes: JobFailed, ConfigurationError, PermissionError …

    Without a code when the action's summary explains the failure.
    """

    def __init__(self, code: str = "", message: str = ""):
        super().__init__(message)
        self.details = {"code": code, "message": message} if code else {}


class Abandoned(Exception):
    """The execution was stopped without waiting for the action."""


@dataclass
class Action:
    """An action in progress. Providers update its record by `show`."""

    pipeline: Pipeline
    execution: Execution
    record: ActionExecution

    @property
    def configuration(self) -> dict[str, str]:
        """The configuration with its variables resolved."""
        return self.record.configuration

    @property
    def role_arn(self) -> str:
        """The action's role, or the pipeline's."""
        return self.record.declaration.get("roleArn") or self.execution.declaration["roleArn"]

    @property
    def inputs(self) -> list[str]:
        """Names of the input artifacts, as declared."""
        return [artifact["name"] for artifact in self.record.declaration.get("inputArtifacts", [])]

    @property
    def outputs(self) -> list[str]:
        """Names of the output artifacts, as declared."""
        return [artifact["name"] for artifact in self.record.declaration.get("outputArtifacts", [])]

    def client(self, service: str) -> BaseClient:
        """A client under the action's role."""
        return context.client(service, self.role_arn, "codepipeline.amazonaws.com")

    def show(self, **members: Any) -> None:
        """Set members of the action's record: summary, external_id, variables …"""
        with self.pipeline.changed:
            for name, value in members.items():
                setattr(self.record, name, value)
            self.record.updated = now()
            self.pipeline.changed.notify_all()

    def wait_until(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait until a change makes the condition true; False when `timeout` seconds passed first.

        Raises Abandoned when the execution is stopped without waiting for the action.
        """
        with self.pipeline.changed:
            ended = self.pipeline.changed.wait_for(lambda: self._abandoned or condition(), timeout)
            if self._abandoned:
                raise Abandoned
            return ended

    def pause(self) -> None:
        """Wait briefly before polling another service again. Raises Abandoned as `wait_until` does."""
        self.wait_until(lambda: False, _POLL_SECONDS)

    @property
    def _abandoned(self) -> bool:
        return self.record.status == "Abandoned"

    def input_location(self, name: str) -> dict[str, str]:
        """Bucket and key of an input artifact."""
        if name not in self.inputs:
            raise ActionFailed("ConfigurationError", f"{name} is not an input artifact of the action")
        return self.execution.artifacts[name]

    def read(self, reference: str) -> str:
        """The text of a file in an input artifact, given as Artifact::path."""
        name, _, path = reference.partition("::")
        location = self.input_location(name)
        try:
            return artifacts.read(self.client("s3"), location, path)
        except KeyError as error:
            raise ActionFailed("ConfigurationError", f"File {path} does not exist in artifact {name}") from error
        except zipfile.BadZipFile as error:
            raise ActionFailed("ConfigurationError", f"Artifact {name} is not a zip archive") from error

    def read_json(self, reference: str) -> Any:
        """The JSON in a file of an input artifact."""
        return self.parse(self.read(reference), f"File {reference}")

    def parse(self, text: str, source: str) -> Any:
        """JSON of the configuration or of a file; `source` names it in the error."""
        try:
            return json.loads(text)
        except ValueError as error:
            raise ActionFailed("ConfigurationError", f"{source} is not valid JSON: {error}") from error

    def unpack(self, name: str, directory: Path) -> None:
        """Unpack an input artifact."""
        try:
            artifacts.unpack(self.client("s3"), self.input_location(name), directory)
        except zipfile.BadZipFile as error:
            raise ActionFailed("ConfigurationError", f"Artifact {name} is not a zip archive") from error

    def output_location(self, name: str) -> dict[str, str]:
        """Bucket and key for an output artifact, new in the artifact store."""
        location = artifacts.new_location(self.execution.declaration, name)
        self.show(outputs={**self.record.outputs, name: location})
        return location

    def encryption(self) -> dict[str, str]:
        """How objects are encrypted in the artifact store, as arguments of S3."""
        return artifacts.encryption(self.execution.declaration)


@dataclass(frozen=True)
class Provider:
    """A kind of action: how to run it, the keys of its configuration, the least and most numbers of its input and output artifacts.

    `fault` returns another fault of an action's declaration, `unsupported` a part of it that AWS accepts and the local
    cloud does not support; None without one.
    """

    run: Callable[[Action], None]
    configuration: tuple[str, ...]
    required: tuple[str, ...] = ()
    inputs: tuple[int, int] = (0, 0)
    outputs: tuple[int, int] = (0, 0)
    v2_only: bool = False
    fault: Callable[[dict], str] = lambda _declaration: ""
    unsupported: Callable[[dict], str] = lambda _declaration: ""
