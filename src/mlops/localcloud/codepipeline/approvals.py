"""Answers to manual approvals."""

from mlops.localcloud import context
from mlops.localcloud.codepipeline.records import ActionExecution, Pipeline, now, pipeline_named, stage_declaration
from mlops.localcloud.codepipeline.service import service
from mlops.localcloud.errors import AWSError


@service.operation
def put_approval_result(request: dict) -> dict:
    """Approve or reject, once, what waits under the token."""
    pipeline = pipeline_named(request["pipelineName"])
    stage, action = request["stageName"], request["actionName"]
    declared = stage_declaration(pipeline.declaration, stage)["actions"]
    if action not in [declaration["name"] for declaration in declared]:
        raise AWSError("ActionNotFoundException", f"Stage '{stage}' does not have an action named '{action}'")
    with pipeline.changed:
        run = _asked(pipeline, stage, action, request["token"])
        if run.decision or run.status != "InProgress":
            raise AWSError(
                "ApprovalAlreadyCompletedException",
                f"The approval action {action} has been answered or has ended",
            )
        run.decision = request["result"]["status"]
        run.summary = request["result"]["summary"]
        run.updated_by = context.caller()
        pipeline.changed.notify_all()
    return {"approvedAt": now()}


def _asked(pipeline: Pipeline, stage: str, action: str, token: str) -> ActionExecution:
    for execution in pipeline.executions.values():
        for run in execution.actions:
            if (run.stage, run.name, run.token) == (stage, action, token):
                return run
    raise AWSError("InvalidApprovalTokenException", f"The token is not that of an approval by {stage}/{action}")
