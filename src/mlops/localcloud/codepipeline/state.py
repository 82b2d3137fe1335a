"""Descriptions of pipelines: their state, their executions, the runs of their actions."""

from mlops.localcloud.codepipeline.records import ActionExecution, Execution, Pipeline, execution_of, pipeline_named
from mlops.localcloud.codepipeline.service import PAGE, service
from mlops.localcloud.errors import AWSError
from mlops.localcloud.paging import page


@service.operation
def get_pipeline_state(request: dict) -> dict:
    """Each stage with its latest execution, those that wait for it, and its actions' latest runs."""
    pipeline = pipeline_named(request["name"])
    with pipeline.changed:
        return {
            "pipelineName": request["name"],
            "pipelineVersion": pipeline.declaration["version"],
            "stageStates": [_stage(pipeline, stage) for stage in pipeline.declaration["stages"]],
            "created": pipeline.created,
            "updated": pipeline.updated,
        }


@service.operation
def get_pipeline_execution(request: dict) -> dict:
    """An execution with its variables and source revisions."""
    pipeline = pipeline_named(request["pipelineName"])
    execution = execution_of(pipeline, request["pipelineExecutionId"])
    variables = [{"name": name, "resolvedValue": value} for name, value in sorted(execution.variables.items())]
    return {
        "pipelineExecution": {
            "pipelineName": execution.pipeline_name,
            "pipelineVersion": execution.declaration["version"],
            "pipelineExecutionId": execution.id,
            "status": execution.status,
            "statusSummary": execution.status_summary or None,
            "artifactRevisions": [run.revision for run in _sources(execution).values()],
            "variables": variables,
            "trigger": execution.trigger,
            "executionMode": execution.mode,
            "executionType": "STANDARD",
        }
    }


@service.operation
def list_pipeline_executions(request: dict) -> dict:
    """Executions, newest first."""
    pipeline = pipeline_named(request["pipelineName"])
    stage = request.get("filter", {}).get("succeededInStage", {}).get("stageName")
    chosen = [
        execution
        for execution in reversed(list(pipeline.executions.values()))
        if stage is None or (stage in execution.stages and execution.stages[stage].status == "Succeeded")
    ]
    return page(request, [_summary(execution) for execution in chosen], "pipelineExecutionSummaries", PAGE)


@service.operation
def list_action_executions(request: dict) -> dict:
    """Runs of actions, newest first, of one execution or of all."""
    pipeline = pipeline_named(request["pipelineName"])
    filters = request.get("filter", {})
    if "latestInPipelineExecution" in filters:
        raise AWSError("ValidationException", "The local cloud does not implement the filter latestInPipelineExecution")
    chosen = list(pipeline.executions.values())
    if "pipelineExecutionId" in filters:
        chosen = [execution_of(pipeline, filters["pipelineExecutionId"])]
    runs = [(execution, run) for execution in chosen for run in list(execution.actions)]
    runs.sort(key=lambda pair: pair[1].started, reverse=True)
    return page(request, [_detail(*pair) for pair in runs], "actionExecutionDetails", PAGE)


def _stage(pipeline: Pipeline, declaration: dict) -> dict:
    name = declaration["name"]
    waiting = [
        {"pipelineExecutionId": execution.id, "status": "InProgress", "type": "STANDARD"}
        for execution in pipeline.waiting.get(name, [])
    ]
    state: dict = {
        "stageName": name,
        "inboundTransitionState": {"enabled": True},
        "inboundExecutions": waiting,
        "inboundExecution": waiting[0] if waiting else None,
        "actionStates": [_action(pipeline, name, action) for action in declaration["actions"]],
    }
    if latest := pipeline.latest.get(name):
        status = "Stopping" if _is_stopping(pipeline, latest.execution_id, latest.status) else latest.status
        state["latestExecution"] = {
            "pipelineExecutionId": latest.execution_id,
            "status": status,
            "type": "STANDARD",
        }
    return state


def _is_stopping(pipeline: Pipeline, execution_id: str, status: str) -> bool:
    return status == "InProgress" and pipeline.executions[execution_id].stopping


def _action(pipeline: Pipeline, stage: str, declaration: dict) -> dict:
    """The latest run of an action, which is of an earlier execution until the current one reaches the stage."""
    state: dict = {"actionName": declaration["name"]}
    runs = (
        run
        for execution in reversed(pipeline.executions.values())
        for run in reversed(execution.actions)
        if (run.stage, run.name) == (stage, declaration["name"])
    )
    run = max(runs, key=lambda run: run.started, default=None)
    if run is None:
        return state
    if run.revision:
        state["currentRevision"] = {
            "revisionId": run.revision["revisionId"],
            "revisionChangeId": run.revision["revisionChangeIdentifier"],
            "created": run.revision["created"],
        }
    state["latestExecution"] = {
        "actionExecutionId": run.id,
        "status": run.status,
        "summary": run.summary[:2048] or None,
        "lastStatusChange": run.updated,
        "token": run.token if run.status == "InProgress" and run.token else None,
        "lastUpdatedBy": run.updated_by or None,
        "externalExecutionId": run.external_id or None,
        "externalExecutionUrl": run.external_url or None,
        "errorDetails": run.error or None,
        "logStreamARN": run.log_stream_arn or None,
    }
    return state


def _summary(execution: Execution) -> dict:
    summary = {
        "pipelineExecutionId": execution.id,
        "status": execution.status,
        "statusSummary": execution.status_summary or None,
        "startTime": execution.started,
        "lastUpdateTime": execution.updated,
        "sourceRevisions": [
            {
                "actionName": name,
                "revisionId": run.revision["revisionId"],
                "revisionSummary": run.revision["revisionSummary"],
                "revisionUrl": run.revision["revisionUrl"],
            }
            for name, run in _sources(execution).items()
        ],
        "trigger": execution.trigger,
        "executionMode": execution.mode,
        "executionType": "STANDARD",
    }
    return summary | ({"stopTrigger": {"reason": execution.stop_reason}} if execution.stop_reason else {})


def _sources(execution: Execution) -> dict[str, ActionExecution]:
    """The latest run of each source action that has found its revision."""
    return {run.name: run for run in list(execution.actions) if run.revision}


def _detail(execution: Execution, run: ActionExecution) -> dict:
    declaration = run.declaration
    result = {
        "externalExecutionId": run.external_id or None,
        "externalExecutionSummary": run.summary or None,
        "externalExecutionUrl": run.external_url or None,
        "errorDetails": run.error or None,
        "logStreamARN": run.log_stream_arn or None,
    }
    return {
        "pipelineExecutionId": execution.id,
        "actionExecutionId": run.id,
        "pipelineVersion": execution.declaration["version"],
        "stageName": run.stage,
        "actionName": run.name,
        "startTime": run.started,
        "lastUpdateTime": run.updated,
        "updatedBy": run.updated_by or None,
        "status": run.status,
        "input": {
            "actionTypeId": declaration["actionTypeId"],
            "configuration": declaration.get("configuration", {}),
            "resolvedConfiguration": run.configuration,
            "roleArn": declaration.get("roleArn"),
            "region": declaration.get("region"),
            "inputArtifacts": _artifacts(run.inputs),
            "namespace": declaration.get("namespace"),
        },
        "output": {
            "outputArtifacts": _artifacts(run.outputs),
            "executionResult": result,
            "outputVariables": run.variables,
        },
    }


def _artifacts(locations: dict[str, dict[str, str]]) -> list[dict]:
    return [{"name": name, "s3location": location} for name, location in locations.items()]
