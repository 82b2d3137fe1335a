"""What AWS tells of pipelines and executions."""

from mlops.localcloud import context
from mlops.localcloud.codepipeline.records import ActionExecution, Execution, execution, pipeline
from mlops.localcloud.codepipeline.service import service


@service.operation
def get_pipeline_state(request: dict) -> dict:
    """The latest state of each stage and action."""
    found = pipeline(request["name"])
    newest_first = list(reversed(found.executions.values()))
    return {
        "pipelineName": request["name"],
        "pipelineVersion": found.declaration["version"],
        "created": found.created,
        "updated": found.updated,
        "stageStates": [_stage_state(stage, newest_first) for stage in found.declaration["stages"]],
    }


@service.operation
def get_pipeline_execution(request: dict) -> dict:
    """One execution with its variables and source revisions."""
    record = execution(request["pipelineName"], request["pipelineExecutionId"])
    return {
        "pipelineExecution": {
            "pipelineName": record.name,
            "pipelineVersion": record.pipeline["version"],
            "pipelineExecutionId": record.id,
            "status": record.status,
            "statusSummary": record.status_summary or None,
            "artifactRevisions": record.artifact_revisions,
            "variables": [{"name": name, "resolvedValue": value} for name, value in record.variables.items()],
            "trigger": record.trigger,
            "executionMode": record.pipeline.get("executionMode", "SUPERSEDED"),
            "executionType": "STANDARD",
        }
    }


@service.operation
def list_pipeline_executions(request: dict) -> dict:
    """Executions of a pipeline, the newest first."""
    records = list(reversed(pipeline(request["pipelineName"]).executions.values()))
    return {
        "pipelineExecutionSummaries": [
            _summary(record) for record in records[: request.get("maxResults", 100)]
        ]
    }


@service.operation
def list_action_executions(request: dict) -> dict:
    """Runs of actions, the newest first."""
    found = pipeline(request["pipelineName"])
    wanted = request.get("filter", {})
    identifier = wanted.get("pipelineExecutionId") or wanted.get("latestInPipelineExecution", {}).get(
        "pipelineExecutionId"
    )
    records = (
        [execution(found.declaration["name"], identifier)] if identifier else list(found.executions.values())
    )
    runs = [(record, run) for record in records for run in record.actions]
    details = [_action_detail(record, run) for record, run in sorted(runs, key=lambda item: item[1].started)]
    return {"actionExecutionDetails": details[::-1]}


def _stage_state(stage: dict, newest_first: list[Execution]) -> dict:
    latest = next((record for record in newest_first if stage["name"] in record.stages), None)
    state: dict = {"stageName": stage["name"], "inboundTransitionState": {"enabled": True}}
    if latest is not None:
        status = latest.stages[stage["name"]].status
        state["latestExecution"] = {"pipelineExecutionId": latest.id, "status": status, "type": "STANDARD"}
    state["actionStates"] = [_action_state(action, stage["name"], latest) for action in stage["actions"]]
    return state


def _action_state(action: dict, stage: str, latest: Execution | None) -> dict:
    runs = (
        [run for run in latest.actions if (run.stage, run.name) == (stage, action["name"])] if latest else []
    )
    if not runs:
        return {"actionName": action["name"]}
    run = runs[-1]
    told = {
        "actionExecutionId": run.id,
        "status": run.status,
        "summary": run.summary or None,
        "lastStatusChange": run.updated,
        "lastUpdatedBy": run.updated_by or None,
        "externalExecutionId": run.external_id or None,
        "externalExecutionUrl": run.external_url or None,
        "logStreamARN": run.log_stream_arn or None,
        "token": run.token if run.status == "InProgress" and run.token else None,
        "errorDetails": _error(run),
    }
    return {"actionName": action["name"], "latestExecution": told}


def _summary(record: Execution) -> dict:
    return {
        "pipelineExecutionId": record.id,
        "status": record.status,
        "statusSummary": record.status_summary or None,
        "startTime": record.started,
        "lastUpdateTime": max([record.updated, *(run.updated for run in record.actions)]),
        "sourceRevisions": [
            {
                "actionName": revision["name"],
                "revisionId": revision["revisionId"],
                "revisionSummary": revision["revisionSummary"],
            }
            for revision in record.artifact_revisions
        ],
        "trigger": record.trigger,
        "stopTrigger": {"reason": record.stop_reason} if record.stop_reason else None,
        "executionMode": record.pipeline.get("executionMode", "SUPERSEDED"),
        "executionType": "STANDARD",
    }


def _action_detail(record: Execution, run: ActionExecution) -> dict:
    return {
        "pipelineExecutionId": record.id,
        "actionExecutionId": run.id,
        "pipelineVersion": record.pipeline["version"],
        "stageName": run.stage,
        "actionName": run.name,
        "startTime": run.started,
        "lastUpdateTime": run.updated,
        "updatedBy": run.updated_by or None,
        "status": run.status,
        "input": {
            "actionTypeId": run.action["actionTypeId"],
            "configuration": run.action.get("configuration", {}),
            "resolvedConfiguration": run.configuration,
            "roleArn": run.action.get("roleArn"),
            "region": context.region(),
            "inputArtifacts": run.inputs,
            "namespace": run.action.get("namespace"),
        },
        "output": {
            "outputArtifacts": run.outputs,
            "executionResult": {
                "externalExecutionId": run.external_id or None,
                "externalExecutionUrl": run.external_url or None,
                "externalExecutionSummary": run.summary or None,
                "logStreamARN": run.log_stream_arn or None,
                "errorDetails": _error(run),
            },
            "outputVariables": run.values,
        },
    }


def _error(run: ActionExecution) -> dict | None:
    return {"code": run.error[0], "message": run.error[1]} if run.error else None
