"""Acting on the pipeline: start an execution, answer its approval."""

from __future__ import annotations

from mlops.aws.executions import Action, Execution
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError, PipelineError


def start(
    session: Session, pipeline: str, *, variables: dict[str, str], object_versions: dict[str, str]
) -> str:
    """Start an execution and return its id.

    `object_versions` maps a source action's name to the S3 object version that it is to take.
    """
    try:
        answer = session.client("codepipeline").start_pipeline_execution(
            name=pipeline,
            variables=[{"name": name, "value": value} for name, value in variables.items()],
            sourceRevisions=[
                {"actionName": action, "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": version}
                for action, version in object_versions.items()
            ],
        )
    except AWSError as error:
        if error.code == "PipelineNotFoundException":
            raise InputError(f"There is no pipeline {pipeline} yet. Run: mlops deploy") from error
        raise
    return answer["pipelineExecutionId"]


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
    state = client.get_pipeline_state(name=execution.pipeline)
    for stage in state["stageStates"]:
        if stage["stageName"] != action.stage:
            continue
        if stage.get("latestExecution", {}).get("pipelineExecutionId") != execution.id:
            continue
        for each in stage["actionStates"]:
            token = each.get("latestExecution", {}).get("token")
            if each["actionName"] == action.name and token:
                return token
    raise PipelineError(
        f"The execution {execution.id} no longer waits at {action.path}. See what goes on with: mlops status"
    )
