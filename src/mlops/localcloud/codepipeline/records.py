"""The state of a pipeline: its declaration and its executions, with their stages and actions."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class ActionExecution:
    """One run of an action. `status` is that of the API: InProgress, Succeeded, Failed, Abandoned.

    An approval has a `token`, and a `decision` (Approved, Rejected) once it is answered.
    """

    stage: str
    declaration: dict
    id: str = field(default_factory=new_id)
    status: str = "InProgress"
    started: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    updated_by: str = ""
    configuration: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    revision: dict = field(default_factory=dict)
    external_id: str = ""
    external_url: str = ""
    summary: str = ""
    log_stream_arn: str = ""
    token: str = ""
    decision: str = ""
    error: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.declaration["name"]


@dataclass
class StageExecution:
    """One passage of an execution through a stage, with the latest run of each of its actions."""

    name: str
    execution_id: str
    status: str = "InProgress"
    actions: dict[str, ActionExecution] = field(default_factory=dict)


@dataclass
class Execution:
    """One execution of a pipeline, under the declaration that it was started with.

    `artifacts` has the S3 location (bucket, key) of each artifact made so far, `namespaces` the variables.
    """

    declaration: dict
    variables: dict[str, str]
    source_revisions: dict[str, dict]
    trigger: dict[str, str]
    id: str = field(default_factory=new_id)
    status: str = "InProgress"
    status_summary: str = ""
    started: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    attempt: int = 1
    stop_reason: str | None = None
    stages: dict[str, StageExecution] = field(default_factory=dict)
    actions: list[ActionExecution] = field(default_factory=list)
    artifacts: dict[str, dict[str, str]] = field(default_factory=dict)
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def pipeline_name(self) -> str:
        return self.declaration["name"]

    @property
    def mode(self) -> str:
        return execution_mode(self.declaration)

    @property
    def stopping(self) -> bool:
        return self.stop_reason is not None


@dataclass
class Pipeline:
    """A pipeline with its executions, oldest first. `changed` guards all of it and is notified of every change.

    A stage holds one execution at a time; `waiting` has the executions that wait to enter it, in the order of their arrival.
    `latest` has each stage's latest passage, `tokens` the execution that a client's token started.
    """

    declaration: dict
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    executions: dict[str, Execution] = field(default_factory=dict)
    latest: dict[str, StageExecution] = field(default_factory=dict)
    occupants: dict[str, Execution] = field(default_factory=dict)
    waiting: dict[str, list[Execution]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)


pipelines = context.scoped(dict[str, Pipeline])


def pipeline_named(name: str) -> Pipeline:
    """The pipeline of this name. Raises AWSError when it does not exist."""
    pipeline = pipelines().get(name)
    if pipeline is None:
        raise AWSError(
            "PipelineNotFoundException",
            f"Account '{context.account()}' does not have a pipeline with name '{name}'",
        )
    return pipeline


def execution_of(pipeline: Pipeline, execution_id: str) -> Execution:
    """An execution of the pipeline. Raises AWSError when it does not exist."""
    execution = pipeline.executions.get(execution_id)
    if execution is None:
        name = pipeline.declaration["name"]
        raise AWSError(
            "PipelineExecutionNotFoundException",
            f"The pipeline execution {execution_id} of pipeline {name} does not exist",
        )
    return execution


def stage_declaration(declaration: dict, name: str) -> dict:
    """A stage of a declaration. Raises AWSError when it does not exist."""
    for stage in declaration["stages"]:
        if stage["name"] == name:
            return stage
    raise AWSError(
        "StageNotFoundException", f"Pipeline '{declaration['name']}' does not have a stage with name '{name}'"
    )


def execution_mode(declaration: dict) -> str:
    return declaration.get("executionMode", "SUPERSEDED")


def run_order(action: dict) -> int:
    return action.get("runOrder", 1)


def in_run_order(actions: list[dict]) -> Iterator[list[dict]]:
    """The actions of a stage, those of one run order together."""
    for order in sorted({run_order(action) for action in actions}):
        yield [action for action in actions if run_order(action) == order]
