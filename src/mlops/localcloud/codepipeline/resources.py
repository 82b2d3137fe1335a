"""The CloudFormation type AWS::CodePipeline::Pipeline."""

from typing import Any

from mlops.localcloud import context
from mlops.localcloud.cloudformation import ResourceType, physical_name

_NOT_IN_DECLARATION = ("Name", "Tags", "RestartExecutionOnUpdate", "DisableInboundStageTransitions")
_NUMBERS = ("RunOrder", "TimeoutInMinutes")


def create(properties: dict, logical_id: str, stack_name: str) -> tuple[str, dict]:
    """Create the pipeline; Ref gives its name."""
    name = properties.get("Name") or physical_name(stack_name, logical_id, 100)
    tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in properties.get("Tags", [])]
    created = context.client("codepipeline").create_pipeline(pipeline=_declaration(name, properties), tags=tags)
    return name, {"Version": str(created["pipeline"]["version"])}


def update(physical_id: str, _old: dict, new: dict) -> tuple[str, dict]:
    """Update the pipeline, and start an execution when RestartExecutionOnUpdate is set."""
    client = context.client("codepipeline")
    updated = client.update_pipeline(pipeline=_declaration(physical_id, new))
    if _is_true(new.get("RestartExecutionOnUpdate", False)):
        client.start_pipeline_execution(name=physical_id)
    return physical_id, {"Version": str(updated["pipeline"]["version"])}


def delete(physical_id: str, _properties: dict) -> None:
    """Delete the pipeline."""
    context.client("codepipeline").delete_pipeline(name=physical_id)


def _declaration(name: str, properties: dict) -> dict:
    if properties.get("DisableInboundStageTransitions"):
        raise ValueError("The local cloud does not support DisableInboundStageTransitions")
    members = {key: value for key, value in properties.items() if key not in _NOT_IN_DECLARATION}
    return {**_api(members), "name": name}


def _api(value: Any) -> Any:
    """The API's camelCase for CloudFormation's PascalCase."""
    if isinstance(value, list):
        return [_api(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key[0].lower() + key[1:]: _member(key, item) for key, item in value.items()}


def _member(key: str, value: Any) -> Any:
    if key == "Configuration":
        # Its keys belong to the provider and are not renamed.
        return {name: _text(item) for name, item in value.items()}
    if key in _NUMBERS:
        return int(value)
    return _api(value) if isinstance(value, dict | list) else _text(value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_true(value: Any) -> bool:
    return _text(value) == "true"


resource_types = {"AWS::CodePipeline::Pipeline": ResourceType(create, delete, update, replace_on=("Name",))}
