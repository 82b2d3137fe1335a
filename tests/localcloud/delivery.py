"""Small pipelines of the tests, and their executions."""

import json
import textwrap
from dataclasses import dataclass
from typing import Any

from builders import Builders
from harness import Cloud
from waiting import until

# A variable without a default: no execution starts by itself when the pipeline is created.
STARTED_BY_HAND = {"variables": [{"name": "Release"}]}


@dataclass(frozen=True)
class Delivery:
    """Makes pipelines whose source is a zip in the bucket, and runs them."""

    cloud: Cloud
    bucket: str
    role_arn: str

    @property
    def pipelines(self) -> Any:
        return self.cloud.client("codepipeline")

    @property
    def builders(self) -> Builders:
        return Builders(self.cloud, self.bucket, self.role_arn)

    def upload(self, name: str, files: dict[str, str] | None = None) -> str:
        """Put the source of pipeline `name` into the bucket and return its version."""
        return self.builders.put_zip(f"{name}/source.zip", files or {"readme.txt": name})

    def build(self, pipeline: str, action: str, *commands: str, artifacts: str = "", **members: Any) -> dict:
        """An action on artifact Source that runs these commands in a project of its own."""
        project = f"{pipeline}-{action}"
        listed = "".join(f"\n      - {json.dumps(command)}" for command in commands)
        spec = f"version: 0.2\nphases:\n  build:\n    commands:{listed}\n{textwrap.dedent(artifacts)}"
        source = {"type": "CODEPIPELINE", "buildspec": spec}
        self.builders.project(project, "", source=source, artifacts={"type": "CODEPIPELINE"})
        configuration = {"ProjectName": project, **members.pop("configuration", {})}
        return self.action(action, "Build", "CodeBuild", configuration, inputs=["Source"], **members)

    def source(self, pipeline: str, **configuration: str) -> dict:
        """The source action, whose artifact is Source and whose namespace is SourceVariables."""
        settings = {
            "S3Bucket": self.bucket,
            "S3ObjectKey": f"{pipeline}/source.zip",
            "PollForSourceChanges": "false",
            **configuration,
        }
        return self.action("Source", "Source", "S3", settings, outputs=["Source"], namespace="SourceVariables")

    @staticmethod
    def action(
        name: str,
        category: str,
        provider: str,
        configuration: dict[str, str] | None = None,
        inputs: list[str] | None = None,
        outputs: list[str] | None = None,
        **members: Any,
    ) -> dict:
        """An action of any kind."""
        return {
            "name": name,
            "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
            "configuration": configuration or {},
            "inputArtifacts": [{"name": artifact} for artifact in inputs or []],
            "outputArtifacts": [{"name": artifact} for artifact in outputs or []],
            **members,
        }

    def approval(self, name: str = "Release", **members: Any) -> dict:
        """A manual approval."""
        return self.action(name, "Approval", "Manual", **members)

    def declaration(self, name: str, stages: dict[str, list[dict]], **members: Any) -> dict:
        """A pipeline with a source stage and then these."""
        every = {"Source": [self.source(name)], **stages}
        return {
            "name": name,
            "roleArn": self.role_arn,
            "pipelineType": "V2",
            "executionMode": "QUEUED",
            "artifactStore": {"type": "S3", "location": self.bucket},
            "stages": [{"name": stage, "actions": actions} for stage, actions in every.items()],
            **STARTED_BY_HAND,
            **members,
        }

    def create(self, name: str, stages: dict[str, list[dict]], **members: Any) -> str:
        """Create such a pipeline with a source to run on and return its name."""
        self.upload(name)
        self.pipelines.create_pipeline(pipeline=self.declaration(name, stages, **members))
        return name

    def start(self, name: str, **request: Any) -> str:
        """Start an execution and return its id."""
        request = {"variables": [{"name": "Release", "value": "one"}]} | request
        return self.pipelines.start_pipeline_execution(name=name, **request)["pipelineExecutionId"]

    def execution(self, name: str, execution_id: str) -> dict:
        """The execution as it is now."""
        return self.pipelines.get_pipeline_execution(pipelineName=name, pipelineExecutionId=execution_id)[
            "pipelineExecution"
        ]

    def ended(self, name: str, execution_id: str, seconds: float = 30) -> dict:
        """The execution, once it has ended."""

        def look() -> dict | None:
            found = self.execution(name, execution_id)
            return None if found["status"] in ("InProgress", "Stopping") else found

        return until(look)

    def run(self, name: str, **request: Any) -> tuple[str, str]:
        """Start an execution and wait for its end: its id and status."""
        execution_id = self.start(name, **request)
        return execution_id, self.ended(name, execution_id)["status"]

    def runs(self, name: str, execution_id: str) -> list[dict]:
        """The runs of actions of an execution, oldest first."""
        found = self.pipelines.list_action_executions(pipelineName=name, filter={"pipelineExecutionId": execution_id})
        return found["actionExecutionDetails"][::-1]

    def last_run(self, name: str, execution_id: str, action: str) -> dict:
        """The last run of an action in an execution."""
        return [run for run in self.runs(name, execution_id) if run["actionName"] == action][-1]

    def wait_for_run(self, name: str, execution_id: str, action: str) -> dict:
        """The run of an action, once it has resolved its configuration."""

        def look() -> dict | None:
            runs = (run for run in self.runs(name, execution_id) if run["actionName"] == action)
            return next((run for run in runs if _is_resolved(run["input"])), None)

        return until(look)

    def external_id(self, name: str, execution_id: str, action: str) -> str:
        """What the service that an action calls names its work, once it has begun."""
        self.wait_for_run(name, execution_id, action)
        return until(lambda: self.result(name, execution_id, action).get("externalExecutionId"))

    def result(self, name: str, execution_id: str, action: str) -> dict:
        """The latest run of an action: external id, summary, errorDetails …"""
        return self.last_run(name, execution_id, action)["output"]["executionResult"]

    def queue(self, name: str, service: str) -> tuple[str, str]:
        """A queue to which a service may send: its URL and ARN."""
        sqs = self.cloud.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        principal = {"Service": f"{service}.amazonaws.com"}
        allow = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return url, arn

    def error(self, name: str, execution_id: str, action: str) -> str:
        """The message with which an action failed."""
        return self.result(name, execution_id, action)["errorDetails"]["message"]

    def stage(self, name: str, stage: str) -> dict:
        """A stage in the pipeline's state."""
        states = self.pipelines.get_pipeline_state(name=name)["stageStates"]
        return next(state for state in states if state["stageName"] == stage)

    def token(self, name: str, stage: str = "Approve", other_than: str = "") -> str:
        """The token of the approval that waits in a stage, once it does."""

        def look() -> str | None:
            [action] = self.stage(name, stage)["actionStates"]
            token = action.get("latestExecution", {}).get("token")
            return token if token != other_than else None

        return until(look)

    def answer(self, name: str, status: str, token: str, summary: str = "", stage: str = "Approve") -> None:
        """Approve or reject the action that waits with the token."""
        self.pipelines.put_approval_result(
            pipelineName=name,
            stageName=stage,
            actionName="Release",
            token=token,
            result={"status": status, "summary": summary},
        )


def _is_resolved(action: dict) -> bool:
    return action.get("resolvedConfiguration", {}).keys() == action.get("configuration", {}).keys()
