"""Service integrations of Step Functions: what a task may say, and the aws-sdk tasks of every service."""

from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, UnknownServiceError
from botocore.response import StreamingBody

from mlops.localcloud import context
from mlops.localcloud.task import TaskError

# Step Functions names services as the AWS SDK for Java does.
_BOTOCORE_NAMES = {"sfn": "stepfunctions", "cloudwatchlogs": "logs", "eventbridge": "events"}


def call(service: str, action: str, arguments: dict, role_arn: str) -> dict[str, Any]:
    """Carry out the task aws-sdk:SERVICE:ACTION under the state machine's role.

    Raises TaskError with the service's error code, and States.Runtime for what is no operation of AWS.
    """
    try:
        client = context.client(_BOTOCORE_NAMES.get(service, service), role_arn)
    except (UnknownServiceError, context.RoleNotAssumable) as error:
        raise TaskError("States.Runtime", str(error)) from error
    operation = getattr(client, xform_name(action), None)
    if operation is None:
        raise TaskError("States.Runtime", f"aws-sdk:{service} has no action {action}")
    try:
        result = operation(**arguments)
    except ClientError as error:
        told = error.response["Error"]
        raise TaskError(told["Code"], told["Message"]) from error
    except BotoCoreError as error:
        raise TaskError("States.Runtime", str(error)) from error
    return {name: _text(value) for name, value in result.items() if name != "ResponseMetadata"}


def _text(value: Any) -> Any:
    """A streamed body as the text that Step Functions passes on."""
    return value.read().decode() if isinstance(value, StreamingBody) else value
