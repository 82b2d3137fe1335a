"""Checks of definitions in the Amazon States Language: by statelint, and of the resources that tasks call."""

import json
from collections.abc import Iterator
from typing import Any

from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from mlops.localcloud.errors import AWSError
from mlops.localcloud.ministack import stepfunctions
from mlops.localcloud.sdk_integrations import operation_names

_INTEGRATION = "arn:aws:states:::"
_SDK = f"{_INTEGRATION}aws-sdk:"


def require_definition(definition: str) -> None:
    """Refuse a definition that AWS refuses, or that calls an integration that the local cloud does not have."""
    problems = violations(definition)
    if problems:
        raise AWSError("InvalidDefinition", f"Invalid State Machine Definition: '{', '.join(problems)}'")


def violations(definition: str) -> list[str]:
    """What is wrong with a definition, each with AWS's code before it."""
    from statelint.linter import Linter

    try:
        machine = json.loads(definition)
    except ValueError as error:
        return [f"INVALID_JSON_DESCRIPTION: {error}"]
    if not isinstance(machine, dict) or not isinstance(machine.get("States", {}), dict):
        return ["INVALID_JSON_DESCRIPTION: A state machine is a JSON object, and its States are one"]
    problems = [f"SCHEMA_VALIDATION_FAILED: {problem}" for problem in Linter.validate(machine)]
    expression = stepfunctions.jsonata_violation(definition)
    unknown = (
        f"SCHEMA_VALIDATION_FAILED: The resource provided {resource} is not recognized. "
        "The value is not a valid resource ARN, or the local cloud does not support the integration"
        for resource in _resources(machine)
        if not _is_known(resource)
    )
    return [*problems, *([expression] if expression else []), *unknown]


def require_update(parameters: dict) -> None:
    """Like `require_definition`, for requests whose definition is optional."""
    if "definition" in parameters:
        require_definition(parameters["definition"])


def _resources(node: Any) -> Iterator[str]:
    """The resources of all tasks, including those in branches and maps."""
    if isinstance(node, list):
        for each in node:
            yield from _resources(each)
    if not isinstance(node, dict):
        return
    if node.get("Type") == "Task" and isinstance(node.get("Resource"), str):
        yield node["Resource"]
    for key in ("States", "Branches", "ItemProcessor", "Iterator"):
        inner = node.get(key)
        yield from _resources(list(inner.values()) if key == "States" and isinstance(inner, dict) else inner)


def _is_known(resource: str) -> bool:
    if resource.startswith(_SDK):
        service, _, action = resource.removeprefix(_SDK).removesuffix(".waitForTaskToken").partition(":")
        try:
            return xform_name(action) in operation_names(service)
        except UnknownServiceError:
            return False
    if resource.startswith(_INTEGRATION):
        return stepfunctions.is_integration(resource)
    parts = resource.split(":")
    return len(parts) > 6 and (parts[2], parts[5]) in {("lambda", "function"), ("states", "activity")}
