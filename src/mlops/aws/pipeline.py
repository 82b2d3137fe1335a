"""Starts executions of the pipeline, answers their approvals, stops the running ones."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from mlops.aws import executions, polling, stopping
from mlops.aws.executions import IN_PROGRESS, Action, Execution
from mlops.aws.requested_by import RequestedBy
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError, PipelineError

# How long to wait for the token of an approval that is in progress.
_TOKEN_SECONDS = 30.0


@dataclass(frozen=True)
class ReleaseRequest:
    """A release to start: `object_versions` maps each source action to the S3 object version that it reads."""

    pipeline: str
    variables: dict[str, str]
    object_versions: dict[str, str]
    requested_by: RequestedBy

    def is_same_as(self, execution: Execution) -> bool:
        """Whether the execution has the same code, data and variables; the requester may be another one."""
        variables = {name: execution.variables.get(name) for name in self.variables}
        versions = {name: execution.revisions.get(name) for name in self.object_versions}
        return variables == self.variables and versions == self.object_versions


def start(session: Session, request: ReleaseRequest) -> str:
    """Start an execution and return its id. InputError when there is no pipeline yet."""
    pipeline = request.pipeline
    variables = {**request.variables, **request.requested_by.variables}
    try:
        response = session.client("codepipeline").start_pipeline_execution(
            name=pipeline,
            variables=[{"name": name, "value": value} for name, value in variables.items()],
            sourceRevisions=[
                {"actionName": action, "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": version}
                for action, version in request.object_versions.items()
            ],
        )
    except AWSError as error:
        if error.code == "PipelineNotFoundException":
            raise InputError(f"There is no pipeline {pipeline} yet. Run: mlops deploy") from error
        raise
    return response["pipelineExecutionId"]


def stop_all(session: Session, pipeline: str, reason: str) -> None:
    """Stop all running executions with their builds and jobs, without waiting for their end."""
    for summary in executions.recent(session, pipeline, limit=100):
        if summary.status == IN_PROGRESS:
            execution = executions.read(session, pipeline, summary.id)
            stopping.stop(session, execution, reason, abandon=True)
            stopping.end_running(session, execution, reason)


def answer_approval(session: Session, execution: Execution, *, approved: bool, comment: str) -> Action:
    """Answer the approval that the execution waits for. InputError when it waits for none."""
    action = execution.waiting_approval
    if action is None:
        raise InputError(
            f"The execution {execution.id} waits for no approval: it is {execution.status}. "
            "See the executions with: mlops status"
        )
    client = session.client("codepipeline")
    try:
        client.put_approval_result(
            pipelineName=execution.pipeline,
            stageName=action.stage,
            actionName=action.name,
            result={"status": "Approved" if approved else "Rejected", "summary": comment},
            token=_token(client, execution, action),
        )
    except AWSError as error:
        if error.code in {"ApprovalAlreadyCompletedException", "InvalidApprovalTokenException"}:
            raise PipelineError(f"This approval was answered already: {error}") from error
        raise
    return action


def _token(client: Any, execution: Execution, action: Action) -> str:
    """The token of a waiting approval. CodePipeline publishes it a moment after the action has started."""
    backoff, deadline = polling.Backoff(), time.monotonic() + _TOKEN_SECONDS
    fault = f"no longer waits at {action.path}"
    while run := _run_in_progress(client.get_pipeline_state(name=execution.pipeline), execution, action):
        if token := run.get("token"):
            return token
        if time.monotonic() > deadline:
            fault = f"waits at {action.path}, but CodePipeline gave no token to approve it within {_TOKEN_SECONDS:g} s"
            break
        backoff.sleep()
    raise PipelineError(f"The execution {execution.id} {fault}. See the executions with: mlops status")


def _run_in_progress(state: dict, execution: Execution, action: Action) -> dict | None:
    """The action's latest run, if the execution is at this stage and the run has not ended."""
    for stage in state["stageStates"]:
        if stage["stageName"] != action.stage:
            continue
        if stage.get("latestExecution", {}).get("pipelineExecutionId") != execution.id:
            continue
        for each in stage["actionStates"]:
            run = each.get("latestExecution", {})
            if each["actionName"] == action.name and run.get("status") == IN_PROGRESS:
                return run
    return None
