"""Answers to manual approvals."""

from datetime import UTC, datetime

from mlops.localcloud.codepipeline.records import ActionExecution, pipeline
from mlops.localcloud.codepipeline.service import service
from mlops.localcloud.service import AWSError


@service.operation
def put_approval_result(request: dict) -> dict:
    """Approve or reject the action that waits with this token."""
    found = pipeline(request["pipelineName"])
    stage, action = request["stageName"], request["actionName"]
    if stage not in [declared["name"] for declared in found.declaration["stages"]]:
        raise AWSError("StageNotFoundException", f"The pipeline has no stage {stage}")
    runs = [
        run
        for execution in found.executions.values()
        for run in execution.actions
        if run.stage == stage and run.name == action
    ]
    if not runs:
        raise AWSError(
            "ActionNotFoundException", f"No execution has reached an action {action} of stage {stage}"
        )
    waiting = [run for run in runs if run.token == request["token"]]
    if not waiting:
        raise AWSError("InvalidApprovalTokenException", "The approval token is invalid or has expired")
    return {"approvedAt": _answer(waiting[0], request["result"])}


def _answer(run: ActionExecution, result: dict) -> datetime:
    if run.values.get("decision"):
        raise AWSError(
            "ApprovalAlreadyCompletedException", "The approval action has already been approved or rejected"
        )
    run.updated = datetime.now(UTC)
    run.updated_by = "arn:aws:iam::000000000000:root"
    run.summary = result["summary"]
    run.values["decision"] = result["status"]
    return run.updated
