"""The state of a pipeline execution. The live table, the plain lines and the report show it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mlops.aws import paging
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError

PENDING, IN_PROGRESS, SUCCEEDED, FAILED, ABANDONED = (
    "Pending",
    "InProgress",
    "Succeeded",
    "Failed",
    "Abandoned",
)
_RUNNING = {IN_PROGRESS, "Stopping"}
_STOPPED = {"Stopping", "Stopped"}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Action:
    """One action of a stage; `state` is Pending until the pipeline starts it, then AWS's own word."""

    stage: str
    name: str
    category: str
    provider: str
    run_order: int = 1
    state: str = PENDING
    started: datetime | None = None
    ended: datetime | None = None
    execution_id: str = ""
    external_id: str = ""
    url: str = ""
    summary: str = ""
    error_code: str = ""
    error_message: str = ""
    updated_by: str = ""
    log_stream_arn: str = ""
    configuration: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    activity: str = ""
    retried: bool = False

    @property
    def path(self) -> str:
        """The name that is unique in the pipeline, such as "Test/Deploy"."""
        return f"{self.stage}/{self.name}"

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """Start and end; None until it has ended."""
        return (self.started, self.ended) if self.started and self.ended else None

    @property
    def rejected_by(self) -> str:
        """Who rejected the approval; empty where it timed out, or the action is of another kind."""
        is_rejected = self.category == "Approval" and self.state == FAILED
        return self.updated_by.rsplit(":", 1)[-1].rsplit("/", 1)[-1] if is_rejected else ""

    @property
    def waits_for_approval(self) -> bool:
        return self.category == "Approval" and self.state == IN_PROGRESS


@dataclass(frozen=True)
class Stage:
    name: str
    actions: tuple[Action, ...]

    @property
    def state(self) -> str:
        states = {action.state for action in self.actions}
        for state in (FAILED, ABANDONED, IN_PROGRESS):
            if state in states:
                return state
        if states == {SUCCEEDED}:
            return SUCCEEDED
        return IN_PROGRESS if SUCCEEDED in states else PENDING

    @property
    def started(self) -> datetime | None:
        return min((action.started for action in self.actions if action.started), default=None)

    @property
    def ended(self) -> datetime | None:
        if any(action.ended is None for action in self.actions if action.state != PENDING):
            return None
        return max((action.ended for action in self.actions if action.ended), default=None)


@dataclass(frozen=True)
class Execution:
    """One execution of the pipeline. `revisions` maps a source artifact to its S3 object version."""

    pipeline: str
    id: str
    status: str
    status_summary: str
    variables: dict[str, str]
    revisions: dict[str, str]
    trigger: str
    stages: tuple[Stage, ...]

    @property
    def actions(self) -> tuple[Action, ...]:
        return tuple(action for stage in self.stages for action in stage.actions)

    @property
    def started(self) -> datetime | None:
        return min((stage.started for stage in self.stages if stage.started), default=None)

    @property
    def ended(self) -> datetime | None:
        if not self.finished:
            return None
        return max((action.ended for action in self.actions if action.ended), default=None)

    @property
    def finished(self) -> bool:
        return self.status not in _RUNNING

    @property
    def stopped(self) -> bool:
        """Whether it was stopped, or is being stopped. A build that ran then has failed, which is not the cause."""
        return self.status in _STOPPED

    @property
    def failed_action(self) -> Action | None:
        failed = [action for action in self.actions if action.state == FAILED]
        return min(failed, key=lambda action: action.ended.timestamp() if action.ended else 0, default=None)

    @property
    def running_action(self) -> Action | None:
        return next((action for action in self.actions if action.state == IN_PROGRESS), None)

    @property
    def running_in_production(self) -> Action | None:
        """The running action of the stage Production, which changes what clients call."""
        running = self.running_action
        return running if running is not None and running.stage == "Production" else None

    @property
    def failed_in_production(self) -> bool:
        """Whether the release is in production, and its smoke test has failed there."""
        return self.failed_action is not None and self.failed_action.path == "Production/Smoke"

    @property
    def waiting_approval(self) -> Action | None:
        return next((action for action in self.actions if action.waits_for_approval), None)

    @property
    def phase(self) -> str:
        """What an execution that has not ended does, such as "waits for approval" or "runs Train/Train"."""
        if self.status != IN_PROGRESS:
            return "is being stopped"
        if self.waiting_approval:
            return "waits for approval"
        if running := self.running_action:
            return f"runs {running.path}"
        stage = next((each for each in self.stages if each.state != SUCCEEDED), self.stages[-1])
        return f"waits for its turn in {stage.name}" if stage.state == PENDING else f"is in {stage.name}"

    @property
    def phase_began(self) -> datetime | None:
        """Since when its phase lasts; None before the first action."""
        action = self.waiting_approval or self.running_action
        if action:
            return action.started
        return max((each.ended for each in self.actions if each.ended), default=None)


@dataclass(frozen=True)
class Summary:
    """One line of the pipeline's history."""

    id: str
    status: str
    started: datetime | None
    updated: datetime | None
    trigger: str


def recent(session: Session, pipeline: str, limit: int = 10) -> list[Summary]:
    """The latest executions, newest first; InputError when the pipeline does not exist."""
    try:
        response = session.client("codepipeline").list_pipeline_executions(pipelineName=pipeline, maxResults=limit)
    except AWSError as error:
        raise _missing(error, pipeline) from error
    return [
        Summary(
            id=each["pipelineExecutionId"],
            status=each["status"],
            started=each.get("startTime"),
            updated=each.get("lastUpdateTime"),
            trigger=each.get("trigger", {}).get("triggerType", ""),
        )
        for each in response["pipelineExecutionSummaries"]
    ]


def exists(session: Session, pipeline: str) -> bool:
    """Whether the pipeline exists."""
    try:
        require_pipeline(session, pipeline)
    except InputError:
        return False
    return True


def require_pipeline(session: Session, pipeline: str) -> None:
    """InputError when the pipeline does not exist."""
    try:
        session.client("codepipeline").get_pipeline(name=pipeline)
    except AWSError as error:
        raise _missing(error, pipeline) from error


def latest(session: Session, pipeline: str) -> str:
    """The id of the newest execution; InputError when there is none yet."""
    summaries = recent(session, pipeline, limit=1)
    if not summaries:
        raise InputError(f"The pipeline {pipeline} has no execution yet. Run: mlops start")
    return summaries[0].id


def named(session: Session, pipeline: str, name: str | None) -> str:
    """Resolve an execution's id or its first characters to the whole id; without a name, to the newest execution's.

    InputError lists the newest executions when none or several match.
    """
    if not name:
        return latest(session, pipeline)
    if _ID.fullmatch(name):
        return name
    summaries = recent(session, pipeline, limit=100)
    matches = [each.id for each in summaries if each.id.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    newest = "".join(f"\n  {each.id}  {each.status}" for each in summaries[:5])
    raise InputError(
        f"{'Several executions begin' if matches else 'No execution begins'} with {name!r}. The newest:{newest}"
    )


def read(session: Session, pipeline: str, execution_id: str) -> Execution:
    """The execution as it is now; `activity` of its actions stays empty (see `following.follow`)."""
    client = session.client("codepipeline")
    try:
        described = client.get_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=execution_id)
        definition = client.get_pipeline(name=pipeline)["pipeline"]
    except AWSError as error:
        raise _missing(error, pipeline, execution_id) from error
    execution = described["pipelineExecution"]
    runs = _action_runs(client, pipeline, execution_id)
    return Execution(
        pipeline=pipeline,
        id=execution_id,
        status=execution["status"],
        status_summary=execution.get("statusSummary", ""),
        variables={each["name"]: each["resolvedValue"] for each in execution.get("variables", [])},
        revisions={each["name"]: each["revisionId"] for each in execution.get("artifactRevisions", [])},
        trigger=execution.get("trigger", {}).get("triggerType", ""),
        stages=tuple(_stage(stage, runs) for stage in definition["stages"]),
    )


def on_their_way(session: Session, pipeline: str) -> list[Execution]:
    """The executions that have not ended, newest first. InputError when the pipeline does not exist."""
    summaries = recent(session, pipeline, limit=100)
    found = (read(session, pipeline, each.id) for each in summaries if each.status in _RUNNING)
    return [each for each in found if not each.finished]


def stop_reason(session: Session, execution: Execution) -> str:
    """Why the execution was stopped; empty where it was not, or no reason was given.

    AWS documents only the list of executions to have the reason.
    """
    if not execution.stopped:
        return ""
    listed = paging.items(
        session.client("codepipeline"),
        "list_pipeline_executions",
        "pipelineExecutionSummaries",
        pipelineName=execution.pipeline,
    )
    summary: dict = next((each for each in listed if each["pipelineExecutionId"] == execution.id), {})
    return summary.get("stopTrigger", {}).get("reason") or execution.status_summary


def blocked_by(session: Session, execution: Execution) -> str | None:
    """The id of the older execution that this one waits for: a stage processes one execution at a time."""
    if execution.finished or any(action.state == IN_PROGRESS for action in execution.actions):
        return None
    running = [each.id for each in recent(session, execution.pipeline) if each.status == IN_PROGRESS]
    older = running[running.index(execution.id) + 1 :] if execution.id in running else []
    return older[0] if older else None


def with_activity(execution: Execution, activities: dict[str, str]) -> Execution:
    """The execution with `activity` set on the actions that `activities` names by path."""
    stages = (
        replace(
            stage,
            actions=tuple(replace(each, activity=activities.get(each.path, "")) for each in stage.actions),
        )
        for stage in execution.stages
    )
    return replace(execution, stages=tuple(stages))


def _action_runs(client: Any, pipeline: str, execution_id: str) -> dict[str, list[dict]]:
    """The runs of each action by its path: after a retry of a stage there are several, the last one counts."""
    details = paging.items(
        client,
        "list_action_executions",
        "actionExecutionDetails",
        pipelineName=pipeline,
        filter={"pipelineExecutionId": execution_id},
    )
    runs: dict[str, list[dict]] = {}
    for run in sorted(details, key=lambda run: run["startTime"]):
        runs.setdefault(f"{run['stageName']}/{run['actionName']}", []).append(run)
    return runs


def _stage(stage: dict, runs: dict[str, list[dict]]) -> Stage:
    actions = sorted(stage["actions"], key=lambda action: action.get("runOrder", 1))
    return Stage(
        stage["name"],
        tuple(_action(stage["name"], each, runs.get(f"{stage['name']}/{each['name']}", [])) for each in actions),
    )


def _action(stage: str, definition: dict, runs: list[dict]) -> Action:
    kind = definition["actionTypeId"]
    action = Action(
        stage=stage,
        name=definition["name"],
        category=kind["category"],
        provider=kind["provider"],
        run_order=definition.get("runOrder", 1),
        configuration=definition.get("configuration", {}),
    )
    if not runs:
        return action
    run = runs[-1]
    output = run.get("output", {})
    result = output.get("executionResult", {})
    return replace(
        action,
        state=run["status"],
        started=run["startTime"],
        ended=None if run["status"] == IN_PROGRESS else run.get("lastUpdateTime"),
        execution_id=run["actionExecutionId"],
        external_id=result.get("externalExecutionId", ""),
        url=result.get("externalExecutionUrl", ""),
        summary=result.get("externalExecutionSummary", ""),
        error_code=result.get("errorDetails", {}).get("code", ""),
        error_message=result.get("errorDetails", {}).get("message", ""),
        updated_by=run.get("updatedBy", ""),
        log_stream_arn=result.get("logStreamARN", ""),
        configuration=run.get("input", {}).get("resolvedConfiguration") or action.configuration,
        variables=output.get("outputVariables", {}),
        retried=len(runs) > 1,
    )


def _missing(error: AWSError, pipeline: str, execution_id: str = "") -> Exception:
    if error.code == "PipelineNotFoundException":
        return InputError(f"There is no pipeline {pipeline} yet. Run: mlops deploy")
    if error.code == "PipelineExecutionNotFoundException":
        return InputError(
            f"The pipeline {pipeline} has no execution {execution_id}. Omit the id for the latest execution, or give the "
            "first characters of another one."
        )
    return error
