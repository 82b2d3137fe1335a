"""The CloudFormation type of a build project."""

from mlops.localcloud import context
from mlops.localcloud.cloudformation import ResourceType, physical_name

# CloudFormation writes the API's camelCase members in PascalCase, and two of them in another way.
_RENAMED = {"BuildSpec": "buildspec", "S3Logs": "s3Logs"}


def _create(properties: dict, logical_id: str, stack_name: str) -> tuple[str, dict]:
    name = properties.get("Name") or physical_name(stack_name, logical_id, 150)
    created = context.client("codebuild").create_project(**_request(properties), name=name)
    return name, {"Arn": created["project"]["arn"]}


def _update(physical_id: str, _old: dict, new: dict) -> tuple[str, dict]:
    updated = context.client("codebuild").update_project(**_request(new), name=physical_id)
    return physical_id, {"Arn": updated["project"]["arn"]}


def _delete(physical_id: str, _properties: dict) -> None:
    context.client("codebuild").delete_project(name=physical_id)


def _request(properties: dict) -> dict:
    members = {name: value for name, value in properties.items() if name != "Name"}
    return _camel_case(members)


def _camel_case(value: object) -> object:
    if isinstance(value, dict):
        return {
            _RENAMED.get(name, name[0].lower() + name[1:]): _typed(name, _camel_case(item))
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_camel_case(item) for item in value]
    return value


def _typed(name: str, value: object) -> object:
    """CloudFormation accepts numbers and booleans as text; the API does not."""
    if name.endswith("InMinutes") or name == "ConcurrentBuildLimit":
        return int(str(value))
    return (
        {"true": True, "false": False}.get(value, value)
        if isinstance(value, str) and name != "Value"
        else value
    )


resource_types = {"AWS::CodeBuild::Project": ResourceType(_create, _delete, _update, replace_on=("Name",))}
