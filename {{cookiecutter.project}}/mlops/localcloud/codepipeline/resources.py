"""The CloudFormation type of a pipeline."""

from typing import Any

from mlops.localcloud import context
from mlops.localcloud.cloudformation import ResourceType, physical_name

# Keys of these members are data, not names of the API.
_VERBATIM = {"Configuration"}


def _create(properties: dict, logical_id: str, stack_name: str) -> tuple[str, dict]:
    name = properties.get("Name") or physical_name(stack_name, logical_id, 100)
    client = context.client("codepipeline")
    declaration = client.create_pipeline(pipeline=_declaration(properties, name))["pipeline"]
    if str(properties.get("RestartExecutionOnUpdate", False)).lower() == "true":
        client.start_pipeline_execution(name=name)
    return name, {"Version": str(declaration["version"])}


def _update(physical_id: str, _old: dict, new: dict) -> tuple[str, dict]:
    client = context.client("codepipeline")
    declaration = client.update_pipeline(pipeline=_declaration(new, physical_id))["pipeline"]
    return physical_id, {"Version": str(declaration["version"])}


def _delete(physical_id: str, _properties: dict) -> None:
    context.client("codepipeline").delete_pipeline(name=physical_id)


def _declaration(properties: dict, name: str) -> dict:
    left_out = ("Name", "Tags", "RestartExecutionOnUpdate", "DisableInboundStageTransitions")
    declaration = _camel_case({key: value for key, value in properties.items() if key not in left_out})
    return {**declaration, "name": name}


def _camel_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_camel_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key[0].lower() + key[1:]: _member(key, item) for key, item in value.items()}


def _member(name: str, value: Any) -> Any:
    if name in _VERBATIM:
        return {key: _text(item) for key, item in value.items()}
    if name in ("RunOrder", "TimeoutInMinutes"):
        return int(value)
    if name == "Version":
        return str(value)
    return _camel_case(value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


resource_types = {
    "AWS::CodePipeline::Pipeline": ResourceType(_create, _delete, _update, replace_on=("Name",))
}
