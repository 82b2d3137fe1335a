"""Pipelines: definition and the checks that AWS makes of it."""

from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.codepipeline import actions
from mlops.localcloud.codepipeline.records import Pipeline, pipeline, pipelines
from mlops.localcloud.codepipeline.service import service
from mlops.localcloud.service import AWSError


@service.operation
def create_pipeline(request: dict) -> dict:
    """Define a pipeline. Its executions start by StartPipelineExecution only."""
    declaration = {**request["pipeline"], "version": 1}
    name = declaration["name"]
    if name in pipelines():
        raise AWSError(
            "PipelineNameInUseException",
            f"A pipeline with the name '{name}' already exists in account '{context.account()}'",
        )
    check(declaration)
    pipelines()[name] = Pipeline(declaration)
    return {"pipeline": declaration, "tags": request.get("tags", [])}


@service.operation
def update_pipeline(request: dict) -> dict:
    """Replace a pipeline's definition; executions that run keep the one that they started with."""
    found = pipeline(request["pipeline"]["name"])
    declaration = {**request["pipeline"], "version": found.declaration["version"] + 1}
    check(declaration)
    found.declaration = declaration
    found.updated = datetime.now(UTC)
    return {"pipeline": declaration}


@service.operation
def get_pipeline(request: dict) -> dict:
    """A pipeline's current definition."""
    found = pipeline(request["name"])
    if request.get("version", found.declaration["version"]) != found.declaration["version"]:
        raise AWSError(
            "PipelineVersionNotFoundException", "The local cloud keeps a pipeline's current version only"
        )
    return {
        "pipeline": found.declaration,
        "metadata": {
            "pipelineArn": context.arn("codepipeline", request["name"]),
            "created": found.created,
            "updated": found.updated,
        },
    }


@service.operation
def list_pipelines(request: dict) -> dict:
    """All pipelines."""
    return {
        "pipelines": [
            {
                "name": name,
                "version": found.declaration["version"],
                "pipelineType": found.declaration.get("pipelineType", "V1"),
                "executionMode": found.declaration.get("executionMode", "SUPERSEDED"),
                "created": found.created,
                "updated": found.updated,
            }
            for name, found in sorted(pipelines().items())
        ]
    }


@service.operation
def delete_pipeline(request: dict) -> None:
    """Delete a pipeline; deleting one that does not exist is no error."""
    pipelines().pop(request["name"], None)


def check(declaration: dict) -> None:
    """Refuse a structure that AWS refuses, and what the local cloud does not carry out, by name."""
    stages = declaration["stages"]
    if declaration.get("pipelineType") != "V2":
        raise _structure("The local cloud carries out pipelines of type V2")
    if len(stages) < 2:
        raise _structure("Pipeline should have at least 2 stages")
    _unique([stage["name"] for stage in stages], "stage")
    made: set[str] = set()
    for index, stage in enumerate(stages):
        _unique([action["name"] for action in stage["actions"]], f"action in stage {stage['name']}")
        for unknown in ("beforeEntry", "onSuccess", "onFailure", "blockers"):
            if stage.get(unknown):
                raise _structure(f"The local cloud does not carry out {unknown} of stage {stage['name']}")
        made_here: set[str] = set()
        for action in sorted(stage["actions"], key=lambda action: action.get("runOrder", 1)):
            _check_action(action, stage["name"], index == 0, made | made_here)
            outputs = [artifact["name"] for artifact in action.get("outputArtifacts", [])]
            _unique([*outputs, *made, *made_here], "output artifact")
            made_here.update(outputs)
        made |= made_here


def _check_action(action: dict, stage: str, first: bool, made: set[str]) -> None:
    kind = action["actionTypeId"]
    if (kind["category"] == "Source") != first:
        raise _structure("Source actions may be in the first stage only, and it may have no others")
    if (kind["category"], kind["provider"]) not in actions.PROVIDERS:
        known = ", ".join(sorted(provider for _, provider in actions.PROVIDERS))
        raise _structure(
            f"The local cloud has no {kind['category']} provider {kind['provider']}; it has {known}"
        )
    for artifact in action.get("inputArtifacts", []):
        if artifact["name"] not in made:
            raise _structure(
                f"Input Artifact Bundle {artifact['name']} in action {action['name']} of stage {stage} "
                "is not declared as Output Artifact Bundle in any of the preceding actions"
            )


def _unique(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise _structure(f"{what} names must be unique: {name} is there twice")


def _structure(message: str) -> AWSError:
    return AWSError("InvalidStructureException", message)
