"""The CloudFormation type AWS::CodeBuild::Project."""

from typing import Any

from mlops.localcloud import context
from mlops.localcloud.cloudformation import ResourceType, physical_name

# CloudFormation's properties are the API's members with a first capital letter, except these.
_RENAMED = {"BuildSpec": "buildspec", "ResourceAccessRole": "resourceAccessRole"}
_NUMBERS = ("TimeoutInMinutes", "QueuedTimeoutInMinutes")
_NOT_IN_API = ("Name", "Triggers", "Visibility")


def create(properties: dict, logical_id: str, stack_name: str) -> tuple[str, dict]:
    """Create the project; Ref gives its name."""
    name = properties.get("Name") or physical_name(stack_name, logical_id, 150)
    created = context.client("codebuild").create_project(name=name, **_request(properties))
    return name, {"Arn": created["project"]["arn"]}


def update(physical_id: str, _old: dict, new: dict) -> tuple[str, dict]:
    """Change the project; running builds keep their settings."""
    updated = context.client("codebuild").update_project(name=physical_id, **_request(new))
    return physical_id, {"Arn": updated["project"]["arn"]}


def delete(physical_id: str, _properties: dict) -> None:
    """Delete the project."""
    context.client("codebuild").delete_project(name=physical_id)


def _request(properties: dict) -> dict:
    for member in ("Triggers", "Visibility"):
        if properties.get(member, "PRIVATE") != "PRIVATE":
            raise ValueError(f"The local cloud does not support {member} of AWS::CodeBuild::Project")
    return _api({name: value for name, value in properties.items() if name not in _NOT_IN_API})


def _api(value: Any) -> Any:
    if isinstance(value, list):
        return [_api(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {_RENAMED.get(name, name[0].lower() + name[1:]): _typed(name, _api(item)) for name, item in value.items()}


def _typed(name: str, value: Any) -> Any:
    """Numbers and booleans may be text in CloudFormation, but not in the API."""
    if name in _NUMBERS:
        return int(value)
    if name == "Value":  # of a variable or a tag
        return str(value).lower() if isinstance(value, bool) else str(value)
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


resource_types = {"AWS::CodeBuild::Project": ResourceType(create, delete, update, replace_on=("Name",))}
