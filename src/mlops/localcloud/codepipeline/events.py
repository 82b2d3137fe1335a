"""Events on the default event bus when an execution, a stage or an action changes its state.

Source: AWS CodePipeline User Guide, "Monitoring CodePipeline events".
"""

from typing import Any

from mlops.localcloud import context
from mlops.localcloud.codepipeline.records import ActionExecution, Execution

_STATES = {"InProgress": "STARTED", "Cancelled": "CANCELED"}


def pipeline_changed(execution: Execution, state: str) -> None:
    """Publish a state of the whole execution."""
    trigger = {
        "trigger-type": execution.trigger["triggerType"],
        "trigger-detail": execution.trigger["triggerDetail"],
    }
    detail = {"start-time": execution.started, "execution-trigger": trigger}
    _publish("Pipeline", execution, state, detail)


def stage_changed(execution: Execution, stage: str, state: str) -> None:
    """Publish a state of the execution's passage through a stage."""
    _publish("Stage", execution, state, {"stage": stage, "start-time": execution.started})


def action_changed(execution: Execution, action: ActionExecution) -> None:
    """Publish the state that an action has."""
    detail = {
        "stage": action.stage,
        "action": action.name,
        "action-execution-id": action.id,
        "start-time": action.started,
        "region": context.region(),
        "type": action.declaration["actionTypeId"],
        "input-artifacts": _artifacts(action.inputs),
        "output-artifacts": _artifacts(action.outputs),
    }
    if action.status != "InProgress":
        detail["execution-result"] = {
            "external-execution-id": action.external_id,
            "external-execution-url": action.external_url,
            "external-execution-summary": action.summary or action.error.get("message", ""),
            "error-code": action.error.get("code", ""),
        }
    _publish("Action", execution, action.status, detail)


def _publish(kind: str, execution: Execution, state: str, detail: dict[str, Any]) -> None:
    context.put_event(
        source="aws.codepipeline",
        detail_type=f"CodePipeline {kind} Execution State Change",
        detail={
            "pipeline": execution.pipeline_name,
            "execution-id": execution.id,
            "version": execution.declaration["version"],
            "state": _STATES.get(state, state.upper()),
            "pipeline-execution-attempt": execution.attempt,
            **detail,
        },
        resources=[context.arn("codepipeline", execution.pipeline_name)],
    )


def _artifacts(locations: dict[str, dict[str, str]]) -> list[dict]:
    return [{"name": name, "s3location": location} for name, location in locations.items()]
