"""Pipelines: create, update, describe, delete."""

from mlops.localcloud import context
from mlops.localcloud.codepipeline import executions, tags
from mlops.localcloud.codepipeline.records import Pipeline, execution_mode, now, pipeline_named, pipelines
from mlops.localcloud.codepipeline.service import PAGE, service
from mlops.localcloud.codepipeline.structure import check
from mlops.localcloud.errors import AWSError
from mlops.localcloud.paging import page


@service.operation
def create_pipeline(request: dict) -> dict:
    """Create a pipeline. Its first execution starts at once, unless a variable has no default value."""
    declaration = {**request["pipeline"], "version": 1}
    name = declaration["name"]
    if name in pipelines():
        raise AWSError("PipelineNameInUseException", f"A pipeline with the name '{name}' already exists")
    check(declaration)
    pipeline = pipelines()[name] = Pipeline(declaration)
    tags.register(context.arn("codepipeline", name), request.get("tags", []))
    if all("defaultValue" in variable for variable in declaration.get("variables", [])):
        executions.start(pipeline, {"triggerType": "CreatePipeline", "triggerDetail": name}, [], [])
    return {"pipeline": declaration, "tags": request.get("tags", [])}


@service.operation
def update_pipeline(request: dict) -> dict:
    """Replace a pipeline's declaration. Running executions keep the declaration that they were started with."""
    pipeline = pipeline_named(request["pipeline"]["name"])
    check(request["pipeline"])
    with pipeline.changed:
        pipeline.declaration = {**request["pipeline"], "version": pipeline.declaration["version"] + 1}
        pipeline.updated = now()
        return {"pipeline": pipeline.declaration}


@service.operation
def get_pipeline(request: dict) -> dict:
    """The current declaration of a pipeline."""
    pipeline = pipeline_named(request["name"])
    current = pipeline.declaration["version"]
    if request.get("version", current) != current:
        raise AWSError(
            "PipelineVersionNotFoundException",
            f"The local cloud keeps the current version of a pipeline only, which is {current}",
        )
    metadata = {
        "pipelineArn": context.arn("codepipeline", request["name"]),
        "created": pipeline.created,
        "updated": pipeline.updated,
    }
    return {"pipeline": pipeline.declaration, "metadata": metadata}


@service.operation
def list_pipelines(request: dict) -> dict:
    """All pipelines by name."""
    summaries = [
        {
            "name": name,
            "version": pipeline.declaration["version"],
            "pipelineType": pipeline.declaration.get("pipelineType", "V1"),
            "executionMode": execution_mode(pipeline.declaration),
            "created": pipeline.created,
            "updated": pipeline.updated,
        }
        for name, pipeline in sorted(pipelines().items())
    ]
    return page(request, summaries, "pipelines", PAGE)


@service.operation
def delete_pipeline(request: dict) -> None:
    """Delete a pipeline and abandon its executions. Deleting one that does not exist is not an error."""
    pipeline = pipelines().pop(request["name"], None)
    if pipeline is None:
        return
    tags.forget(context.arn("codepipeline", request["name"]))
    for execution in list(pipeline.executions.values()):
        if execution.status in ("InProgress", "Stopping"):
            executions.stop(pipeline, execution, "The pipeline was deleted", abandon=True)
