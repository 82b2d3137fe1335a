"""What is known of pipelines and their executions."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlops.localcloud import context
from mlops.localcloud.service import AWSError


@dataclass
class ActionExecution:
    """One run of an action. `values` are its output variables; `artifacts` the S3 places of what it made."""

    stage: str
    action: dict
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "InProgress"
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_by: str = ""
    configuration: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    inputs: list[dict] = field(default_factory=list)
    outputs: list[dict] = field(default_factory=list)
    external_id: str = ""
    external_url: str = ""
    summary: str = ""
    error: tuple[str, str] | None = None
    token: str = ""
    log_stream_arn: str = ""

    @property
    def name(self) -> str:
        return self.action["name"]


@dataclass
class StageExecution:
    """One stage of an execution."""

    name: str
    status: str = "InProgress"


@dataclass
class Execution:
    """One run of a pipeline. `artifacts` maps artifact names to S3 places, `namespaces` to variables."""

    pipeline: dict
    variables: dict[str, str]
    revisions: dict[str, dict]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "InProgress"
    status_summary: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    trigger: dict[str, str] = field(default_factory=dict)
    stages: dict[str, StageExecution] = field(default_factory=dict)
    actions: list[ActionExecution] = field(default_factory=list)
    artifacts: dict[str, dict] = field(default_factory=dict)
    artifact_revisions: list[dict] = field(default_factory=list)
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    stop_reason: str = ""

    @property
    def name(self) -> str:
        return self.pipeline["name"]


@dataclass
class Pipeline:
    """A pipeline with all its executions, the oldest first. A stage's lock lets one execution in at a time."""

    declaration: dict
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    executions: dict[str, Execution] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)
    occupied: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)


pipelines = context.scoped(dict[str, Pipeline])


def pipeline(name: str) -> Pipeline:
    """The pipeline of this name. Raises AWSError when there is none."""
    found = pipelines().get(name)
    if found is None:
        message = f"Account '{context.account()}' does not have a pipeline with name '{name}'"
        raise AWSError("PipelineNotFoundException", message)
    return found


def execution(name: str, identifier: str) -> Execution:
    """An execution of a pipeline. Raises AWSError when there is none."""
    found = pipeline(name).executions.get(identifier)
    if found is None:
        message = f"The pipeline execution {identifier} of pipeline {name} does not exist"
        raise AWSError("PipelineExecutionNotFoundException", message)
    return found


def actions_in_order(stage: dict) -> Iterator[list[dict]]:
    """The stage's actions, those of one run order together."""
    orders = sorted({action.get("runOrder", 1) for action in stage["actions"]})
    for order in orders:
        yield [action for action in stage["actions"] if action.get("runOrder", 1) == order]


def publish(kind: str, record: Execution, state: str, **detail: Any) -> None:
    """Publish a state change on the event bus: `kind` is Pipeline, Stage or Action."""
    context.put_event(
        "aws.codepipeline",
        f"CodePipeline {kind} Execution State Change",
        {
            "pipeline": record.name,
            "execution-id": record.id,
            "state": state,
            "version": record.pipeline.get("version", 1),
            **detail,
        },
        [context.arn("codepipeline", record.name)],
    )
