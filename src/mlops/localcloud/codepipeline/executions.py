"""Executions: start, stop, retry."""

from mlops.localcloud import context
from mlops.localcloud.codepipeline import engine, events
from mlops.localcloud.codepipeline.action_run import end
from mlops.localcloud.codepipeline.records import (
    Execution,
    Pipeline,
    execution_mode,
    execution_of,
    pipeline_named,
    stage_declaration,
)
from mlops.localcloud.codepipeline.service import service
from mlops.localcloud.errors import AWSError

_MAX_WAITING = 50
_RETRYABLE = ("Failed", "Stopped")
_S3_REVISIONS = ("S3_OBJECT_VERSION_ID", "S3_OBJECT_KEY")


@service.operation
def start_pipeline_execution(request: dict) -> dict:
    """Start an execution, with values for the pipeline's variables and revisions of its sources."""
    execution = start(
        pipeline_named(request["name"]),
        {"triggerType": "StartPipelineExecution", "triggerDetail": context.caller()},
        request.get("variables", []),
        request.get("sourceRevisions", []),
        request.get("clientRequestToken"),
    )
    return {"pipelineExecutionId": execution.id}


@service.operation
def stop_pipeline_execution(request: dict) -> dict:
    """Stop an execution: after the actions in progress, or at once, abandoning them."""
    pipeline = pipeline_named(request["pipelineName"])
    execution = execution_of(pipeline, request["pipelineExecutionId"])
    stop(pipeline, execution, request.get("reason", ""), request.get("abandon", False))
    return {"pipelineExecutionId": execution.id}


@service.operation
def retry_stage_execution(request: dict) -> dict:
    """Run a failed or stopped stage again, and the stages after it."""
    pipeline = pipeline_named(request["pipelineName"])
    name = request["stageName"]
    execution = execution_of(pipeline, request["pipelineExecutionId"])
    stage_declaration(execution.declaration, name)
    with pipeline.changed:
        stage = execution.stages.get(name)
        if execution.status not in _RETRYABLE or stage is None or stage.status not in _RETRYABLE:
            raise AWSError(
                "StageNotRetryableException",
                f"Stage {name} of the pipeline execution {execution.id} has not failed and cannot be retried",
            )
        if execution.mode != "PARALLEL" and pipeline.latest[name] is not stage:
            raise AWSError(
                "NotLatestPipelineExecutionException",
                f"The pipeline execution {execution.id} is not the latest one in stage {name}",
            )
        execution.status, execution.status_summary, execution.stop_reason = "InProgress", "", None
        execution.attempt += 1
        only_failed = request["retryMode"] == "FAILED_ACTIONS"
        succeeded = {action: run for action, run in stage.actions.items() if only_failed and run.status == "Succeeded"}
    engine.resume(pipeline, execution, name, succeeded)
    return {"pipelineExecutionId": execution.id}


def stop(pipeline: Pipeline, execution: Execution, reason: str, abandon: bool) -> None:
    """Stop an execution. Raises AWSError when it has ended, or is being stopped in this way already."""
    with pipeline.changed:
        if execution.status not in ("InProgress", "Stopping"):
            raise AWSError(
                "PipelineExecutionNotStoppableException",
                f"Unable to stop the pipeline execution: {execution.id} is in status {execution.status}",
            )
        first = not execution.stopping
        if not first and not abandon:
            raise AWSError(
                "DuplicatedStopRequestException",
                f"A request to stop the pipeline execution {execution.id} was made already",
            )
        execution.status = "Stopping"
        execution.stop_reason = reason or execution.stop_reason or ""
        in_progress = [run for run in execution.actions if run.status == "InProgress"]
        pipeline.changed.notify_all()
    if first:
        events.pipeline_changed(execution, "Stopping")
    for run in in_progress if abandon else ():
        end(pipeline, execution, run, "Abandoned")


def start(
    pipeline: Pipeline,
    trigger: dict[str, str],
    variables: list[dict],
    source_revisions: list[dict],
    token: str | None = None,
) -> Execution:
    """Start an execution of the pipeline as it is declared now; a token starts one only once.

    Raises AWSError for variables and revisions that don't fit the pipeline.
    """
    with pipeline.changed:
        if token in pipeline.tokens:
            return pipeline.executions[pipeline.tokens[token]]
        declaration = pipeline.declaration
        waiting = max((len(executions) for executions in pipeline.waiting.values()), default=0)
        if execution_mode(declaration) == "QUEUED" and waiting >= _MAX_WAITING:
            raise AWSError(
                "ConcurrentPipelineExecutionsLimitExceededException",
                f"There are {waiting} executions of {declaration['name']} waiting already",
            )
        execution = Execution(
            declaration=declaration,
            variables=_values(declaration, variables),
            source_revisions=_revisions(declaration, source_revisions),
            trigger=trigger,
        )
        pipeline.executions[execution.id] = execution
        if token:
            pipeline.tokens[token] = execution.id
    engine.start(pipeline, execution)
    return execution


def _values(declaration: dict, requested: list[dict]) -> dict[str, str]:
    values = {item["name"]: item.get("defaultValue") for item in declaration.get("variables", [])}
    for item in requested:
        if item["name"] not in values:
            raise _invalid(f"Pipeline {declaration['name']} has no variable {item['name']}")
        values[item["name"]] = item["value"]
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        raise _invalid(f"Pipeline {declaration['name']} needs a value for the variables {', '.join(missing)}")
    return {name: value for name, value in values.items() if value is not None}


def _revisions(declaration: dict, requested: list[dict]) -> dict[str, dict]:
    """Source revision overrides by action name."""
    sources = {action["name"]: action for action in declaration["stages"][0]["actions"]}
    for revision in requested:
        name, kind = revision["actionName"], revision["revisionType"]
        if name not in sources:
            raise _invalid(f"Pipeline {declaration['name']} has no source action {name}")
        if kind not in _S3_REVISIONS:
            raise _invalid(f"Source action {name} takes {' and '.join(_S3_REVISIONS)}, not {kind}")
        allowed = sources[name]["configuration"].get("AllowOverrideForS3ObjectKey", "false") == "true"
        if kind == "S3_OBJECT_KEY" and not allowed:
            raise _invalid(f"Source action {name} does not allow S3_OBJECT_KEY: set AllowOverrideForS3ObjectKey")
    return {revision["actionName"]: revision for revision in requested}


def _invalid(message: str) -> AWSError:
    return AWSError("ValidationException", message)
