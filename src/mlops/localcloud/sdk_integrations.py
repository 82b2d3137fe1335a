"""Service integrations of Step Functions: the aws-sdk tasks of every service."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, UnknownServiceError
from botocore.loaders import create_loader
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.response import StreamingBody

from mlops.localcloud import context
from mlops.localcloud.errors import TaskError

# Step Functions names services as the AWS SDK for Java does.
_BOTOCORE_NAMES = {"sfn": "stepfunctions", "cloudwatchlogs": "logs", "eventbridge": "events"}


def call(service: str, action: str, arguments: dict, role_arn: str) -> dict[str, Any]:
    """Carry out the task aws-sdk:SERVICE:ACTION under the state machine's role.

    Names of fields begin with a capital letter in arguments and results, whatever their spelling in the service's API.
    An object in place of a blob, such as the Body of PutObject, is passed as its JSON.
    Source: AWS Step Functions Developer Guide, "Learning to use AWS service SDK integrations".
    Raises TaskError with the service's error code, and States.Runtime for an unknown operation.
    """
    try:
        client = context.client(_BOTOCORE_NAMES.get(service, service), role_arn, "states.amazonaws.com")
    except (UnknownServiceError, context.RoleNotAssumable) as error:
        raise TaskError("States.Runtime", str(error)) from error
    names = client.meta.method_to_api_mapping
    if xform_name(action) not in names:
        raise TaskError("States.Runtime", f"aws-sdk:{service} has no action {action}")
    model = client.meta.service_model.operation_model(names[xform_name(action)])
    try:
        result = getattr(client, xform_name(action))(**_renamed(arguments, model.input_shape, _of_the_api))
    except ClientError as error:
        details = error.response["Error"]
        raise TaskError(details["Code"], details["Message"]) from error
    except BotoCoreError as error:
        raise TaskError("States.Runtime", str(error)) from error
    result.pop("ResponseMetadata")
    return _renamed(result, model.output_shape, _of_step_functions)


@cache
def operation_names(service: str) -> frozenset[str]:
    """The operations of a service as boto3 writes them, by Step Functions' name of it. Raises UnknownServiceError."""
    model = create_loader().load_service_model(_BOTOCORE_NAMES.get(service, service), "service-2")
    return frozenset(xform_name(name) for name in model["operations"])


def _renamed(value: Any, shape: Shape | None, rename: Callable[[str, StructureShape], str]) -> Any:
    """The value with the members of its structures renamed; the keys of maps are data, and JSON fills a blob."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = {rename(name, shape): name for name in value}
        return {
            new: _renamed(value[old], shape.members.get(old, shape.members.get(new)), rename)
            for new, old in members.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_renamed(each, shape.member, rename) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _renamed(each, shape.value, rename) for key, each in value.items()}
    if shape is not None and shape.type_name == "blob" and isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":")).encode()
    return _text(value)


def _of_the_api(name: str, shape: StructureShape) -> str:
    if name[:1].islower():
        raise TaskError("States.Runtime", f"The field {name!r} is not supported by Step Functions")
    lowered = name[:1].lower() + name[1:]
    return lowered if lowered in shape.members else name


def _of_step_functions(name: str, shape: StructureShape) -> str:
    return name[:1].upper() + name[1:]


def _text(value: Any) -> Any:
    """A streamed body as the text that Step Functions passes on."""
    return value.read().decode() if isinstance(value, StreamingBody) else value
