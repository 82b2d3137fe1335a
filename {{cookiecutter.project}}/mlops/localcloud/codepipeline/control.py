"""Starting, stopping and retrying executions."""

from datetime import UTC, datetime

from mlops.localcloud.codepipeline import engine
from mlops.localcloud.codepipeline.records import Execution, execution, pipeline
from mlops.localcloud.codepipeline.service import service
from mlops.localcloud.service import AWSError

_REVISION_TYPES = ("S3_OBJECT_VERSION_ID", "S3_OBJECT_KEY")


@service.operation
def start_pipeline_execution(request: dict) -> dict:
    """Start an execution with variables and, by action, revisions of its sources."""
    found = pipeline(request["name"])
    record = Execution(
        pipeline=found.declaration,
        variables=_variables(found.declaration, request.get("variables", [])),
        revisions=_revisions(found.declaration, request.get("sourceRevisions", [])),
        trigger={"triggerType": "StartPipelineExecution", "triggerDetail": "StartPipelineExecution"},
    )
    found.executions[record.id] = record
    engine.start(record)
    return {"pipelineExecutionId": record.id}


@service.operation
def stop_pipeline_execution(request: dict) -> dict:
    """Stop an execution, after its running actions or, with `abandon`, at once."""
    record = execution(request["pipelineName"], request["pipelineExecutionId"])
    if record.status not in ("InProgress", "Stopping"):
        raise AWSError(
            "PipelineExecutionNotStoppableException", f"The pipeline execution {record.id} is {record.status}"
        )
    record.stop_reason = request.get("reason", "")
    record.status = "Stopping"
    record.updated = datetime.now(UTC)
    found = pipeline(request["pipelineName"])
    waits = any(record.id in queue for queue in found.waiting.values())
    with found.changed:
        if request.get("abandon") or waits:
            record.stopping.set()
        found.changed.notify_all()
    return {"pipelineExecutionId": record.id}


@service.operation
def retry_stage_execution(request: dict) -> dict:
    """Run a failed stage of an execution again."""
    record = execution(request["pipelineName"], request["pipelineExecutionId"])
    stage = record.stages.get(request["stageName"])
    if stage is None:
        raise AWSError(
            "StageNotFoundException", f"The execution has not reached a stage {request['stageName']}"
        )
    if record.status not in ("Failed", "Stopped") or stage.status not in ("Failed", "Stopped"):
        raise AWSError(
            "StageNotRetryableException", f"Stage {stage.name} of execution {record.id} is {stage.status}"
        )
    record.stopping.clear()
    engine.resume(record, stage.name, keep_succeeded=request["retryMode"] == "FAILED_ACTIONS")
    return {"pipelineExecutionId": record.id}


def _variables(declaration: dict, given: list[dict]) -> dict[str, str]:
    values = {item["name"]: item["value"] for item in given}
    declared = {variable["name"]: variable for variable in declaration.get("variables", [])}
    for name in values:
        if name not in declared:
            raise AWSError("ValidationException", f"Pipeline variable {name} is not defined in the pipeline")
    for name, variable in declared.items():
        if name not in values and "defaultValue" not in variable:
            raise AWSError(
                "ValidationException", f"Pipeline variable {name} has no default value and was not given"
            )
    return {name: values.get(name, variable.get("defaultValue", "")) for name, variable in declared.items()}


def _revisions(declaration: dict, given: list[dict]) -> dict[str, dict]:
    sources = [action["name"] for action in declaration["stages"][0]["actions"]]
    for revision in given:
        if revision["actionName"] not in sources:
            raise AWSError("ValidationException", f"There is no source action {revision['actionName']}")
        if revision["revisionType"] not in _REVISION_TYPES:
            known = ", ".join(_REVISION_TYPES)
            raise AWSError(
                "ValidationException", f"The local cloud overrides {known}, not {revision['revisionType']}"
            )
    return {revision["actionName"]: revision for revision in given}
