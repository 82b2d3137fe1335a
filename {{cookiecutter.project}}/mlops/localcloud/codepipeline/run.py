"""What a provider sees of the action that it carries out."""

import re
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path

from botocore.client import BaseClient

from mlops.localcloud import context
from mlops.localcloud.codepipeline.records import ActionExecution, Execution

_REFERENCE = re.compile(r"#\{([\w-]+)\.([\w-]+)\}")
POLL_SECONDS = 0.2


class ActionFailed(Exception):
    """The action failed: a code of CodePipeline's, such as JobFailed, and a message."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


class Abandoned(Exception):
    """The execution was stopped without waiting for this action."""


@dataclass
class Run:
    """One action under way: its configuration with variables resolved, its artifacts, its role."""

    execution: Execution
    record: ActionExecution

    @property
    def action(self) -> dict:
        return self.record.action

    @property
    def configuration(self) -> dict[str, str]:
        return self.record.configuration

    @property
    def role_arn(self) -> str:
        """The action's own role, else the pipeline's."""
        return self.action.get("roleArn") or self.execution.pipeline["roleArn"]

    def client(self, service: str) -> BaseClient:
        """A client under the action's role."""
        return context.client(service, self.role_arn)

    def wait(self, seconds: float = POLL_SECONDS) -> None:
        """Let some time pass. Raises Abandoned when the execution was stopped without waiting."""
        if self.execution.stopping.wait(seconds):
            raise Abandoned

    def resolve(self) -> None:
        """Replace `#{namespace.name}` in the configuration. Raises ActionFailed for what is not known."""
        declared = self.action.get("configuration", {})
        self.record.configuration = {
            name: _REFERENCE.sub(self._value, text) for name, text in declared.items()
        }

    def _value(self, reference: re.Match) -> str:
        namespace, name = reference.groups()
        if (namespace, name) == ("codepipeline", "PipelineExecutionId"):
            return self.execution.id
        known = (
            self.execution.variables
            if namespace == "variables"
            else self.execution.namespaces.get(namespace, {})
        )
        if name not in known:
            raise ActionFailed(
                "InvalidActionConfiguration",
                f"Action {self.record.name} refers to {reference.group()}, which is unknown",
            )
        return known[name]

    def artifact(self, name: str) -> dict:
        """The S3 place of an input artifact: bucketName and objectKey."""
        return self.execution.artifacts[name]

    def unpack(self, name: str) -> Path:
        """An input artifact's files."""
        directory = context.directory("artifacts", self.record.id, name)
        place = self.artifact(name)
        archive = directory.with_suffix(".zip")
        self.client("s3").download_file(place["bucketName"], place["objectKey"], str(archive))
        with zipfile.ZipFile(archive) as content:
            content.extractall(directory)
        archive.unlink()
        return directory

    def file(self, reference: str) -> str:
        """The text of `Artifact::path`. Raises ActionFailed when there is no such file."""
        name, _, path = reference.partition("::")
        if name not in [artifact["name"] for artifact in self.action.get("inputArtifacts", [])]:
            raise ActionFailed(
                "InvalidActionConfiguration", f"{reference}: {name} is no input artifact of the action"
            )
        file = self.unpack(name) / path
        if not file.is_file():
            raise ActionFailed("InvalidActionConfiguration", f"File {path} does not exist in artifact {name}")
        return file.read_text(encoding="utf-8")

    def place_for(self, name: str) -> dict:
        """Where the output artifact `name` goes in the artifact store, in CodePipeline's own form."""
        store = self.execution.pipeline["artifactStore"]
        key = f"{self.execution.name[:20]}/{name[:10]}/{uuid.uuid4().hex[:7]}"
        place = {"bucketName": store["location"], "objectKey": key}
        self.record.outputs.append({"name": name, "s3location": {"bucket": store["location"], "key": key}})
        self.execution.artifacts[name] = place
        return place

    @property
    def encryption(self) -> dict[str, str]:
        """How objects of the artifact store are encrypted, as S3 takes it; with no key named, as the bucket says."""
        key = self.execution.pipeline["artifactStore"].get("encryptionKey")
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["id"]} if key else {}
