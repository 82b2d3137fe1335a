"""Acting on the pipeline: start an execution, stop those before it, answer its approval."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from mlops.aws import executions, polling, stopping
from mlops.aws.executions import IN_PROGRESS, Action, Execution
from mlops.aws.requested_by import RequestedBy
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError, PipelineError

# Actions that CodePipeline cannot stop; an execution that is stopped waits for their end.
_ENDING_BY_THEMSELVES = {"CloudFormation", "ECRBuildAndPublish"}
# The stage whose success lets a release into production.
_APPROVAL_STAGE = "Approve"
# How long an approval that is in progress may have no token yet.
_TOKEN_SECONDS = 30.0


@dataclass(frozen=True)
class ReleaseRequest:
    """A release to start: `object_versions` maps a source action to the S3 object version that it is to take."""

    pipeline: str
    variables: dict[str, str]
    object_versions: dict[str, str]
    requested_by: RequestedBy

    def is_released_by(self, execution: Execution) -> bool:
        """Whether the execution releases the same code and data in the same way, whoever asked for it."""
        given = {name: execution.variables.get(name) for name in self.variables}
        taken = {name: execution.revisions.get(name) for name in self.object_versions}
        return given == self.variables and taken == self.object_versions


def start(session: Session, request: ReleaseRequest) -> str:
    """Start an execution and return its id. InputError when there is no pipeline yet."""
    pipeline = request.pipeline
    variables = {**request.variables, **request.requested_by.variables}
    try:
        answer = session.client("codepipeline").start_pipeline_execution(
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
    return answer["pipelineExecutionId"]


def supersede(session: Session, request: ReleaseRequest, say: Callable[[str], None]) -> str | None:
    """Look at what is in progress: the id of an execution that releases the same, if there is one.

    Others that nobody has approved are stopped, because the pipeline takes one after the other, and this one would
    wait for theirs. What has been approved goes on.
    """
    found = None
    for summary in executions.recent(session, request.pipeline):
        if summary.status != IN_PROGRESS:
            continue
        execution = executions.read(session, request.pipeline, summary.id)
        if found is None and request.is_released_by(execution):
            found = execution.id
        elif not _is_approved(execution):
            reason = f"superseded by the release of commit {request.variables['CommitId']}"
            # An approval would be waited for.
            stopping.stop(session, execution, reason, abandon=execution.waiting_approval is not None)
            stopping.end_running(session, execution, reason)
            say(f"Execution {execution.id} is stopped: nobody had approved it, and this release is newer.")
            for action in execution.actions:
                if action.state == IN_PROGRESS and action.provider in _ENDING_BY_THEMSELVES:
                    say(f"  {action.path} cannot be stopped; this release waits for its end.")
    return found


def stop_all(session: Session, pipeline: str, reason: str) -> None:
    """Stop whatever is in progress and wait for nothing of it."""
    for summary in executions.recent(session, pipeline, limit=100):
        if summary.status == IN_PROGRESS:
            execution = executions.read(session, pipeline, summary.id)
            stopping.stop(session, execution, reason, abandon=True)
            stopping.end_running(session, execution, reason)


def _is_approved(execution: Execution) -> bool:
    return any(stage.name == _APPROVAL_STAGE and stage.state == executions.SUCCEEDED for stage in execution.stages)


def answer_approval(session: Session, execution: Execution, *, approved: bool, comment: str) -> Action:
    """Approve or reject what the execution waits for. InputError when it waits for nobody."""
    action = execution.waiting_approval
    if action is None:
        raise InputError(
            f"The execution {execution.id} waits for no approval: it is {execution.status}. "
            "See what goes on with: mlops status"
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
            raise PipelineError(f"Someone else has just answered this approval: {error}") from error
        raise
    return action


def _token(client, execution: Execution, action: Action) -> str:
    """The token of an approval that waits. An action is in progress a moment before it has one."""
    backoff, deadline = polling.Backoff(), time.monotonic() + _TOKEN_SECONDS
    while run := _run_in_progress(client.get_pipeline_state(name=execution.pipeline), execution, action):
        if token := run.get("token"):
            return token
        if time.monotonic() > deadline:
            break
        backoff.sleep()
    raise PipelineError(
        f"The execution {execution.id} no longer waits at {action.path}. See what goes on with: mlops status"
    )


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
