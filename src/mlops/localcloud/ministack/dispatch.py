"""ministack's dispatch: requests are checked against AWS's model before ministack's services handle them."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import OperationModel, Shape

from mlops import shapes
from mlops.localcloud.errors import AWSError, refuse
from mlops.localcloud.ministack import parsing
from mlops.localcloud.protocol import Response

Check = Callable[[dict], None]

# The services that templates and clients of a model repository use: ministack's name, botocore's name.
_SERVICES = {
    "apigateway": "apigateway",
    "cloudformation": "cloudformation",
    "ecr": "ecr",
    "events": "events",
    "iam": "iam",
    "kms": "kms",
    "lambda": "lambda",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "states": "stepfunctions",
    "sts": "sts",
}
# AWS's models of these have only the query protocol. ministack accepts JSON as well, but the checks of web identities and
# of stacks' roles read only forms.
_QUERY_ONLY = ("cloudformation", "sts")
# The code of AWS for a parameter that the model forbids; ValidationException where a service is not listed.
_INVALID = {
    "apigateway": "BadRequestException",
    "apigatewayv2": "BadRequestException",
    "cloudformation": "ValidationError",
    "cloudwatch": "ValidationError",
    "ecr": "InvalidParameterException",
    "iam": "ValidationError",
    "logs": "InvalidParameterException",
    "sns": "InvalidParameter",
    "sts": "ValidationError",
}


def guard(checks: dict[tuple[str, str], Check]) -> None:
    """Refuse what AWS refuses before ministack's own handlers run.

    A request is checked against the model of its operation. Then the check of its service (botocore's name) and
    operation, if there is one, looks at the parameters and raises AWSError. A check of S3 has the operation "*",
    runs for every request, and receives the operation's model, the query, the headers and the body.
    """
    from ministack import app

    for name, service in _SERVICES.items():
        app.SERVICE_HANDLERS[name] = _guarded(service, app.SERVICE_HANDLERS[name], checks)


def require_query(parameters: dict) -> None:
    """Refuse to stop a query of logs that was not started."""
    from ministack.services import cloudwatch_logs

    if parameters["queryId"] not in cloudwatch_logs._queries:
        raise AWSError("ResourceNotFoundException", f"Query {parameters['queryId']} does not exist.")


def require_parameter(parameters: dict) -> None:
    """Refuse to tag a parameter that does not exist."""
    from ministack.services import ssm

    name = parameters["ResourceId"]
    if parameters["ResourceType"] == "Parameter" and not ssm._lookup_parameter(name, flexible_name=True)[1]:
        raise AWSError("InvalidResourceId", f"The resource ID is not valid: {name}")


def _guarded(name: str, handle: Callable, checks: dict[tuple[str, str], Check]) -> Callable:
    check = _check_s3 if name == "s3" else _check

    async def guarded(method: str, path: str, headers: dict, body: bytes, query: dict) -> Response:
        service = "apigatewayv2" if name == "apigateway" and path.startswith("/v2/") else name
        try:
            if name in _QUERY_ONLY and "x-amz-target" in headers:
                raise AWSError("NotImplemented", f"The local cloud takes requests to {name} in the query protocol only")
            operation = await check(service, checks, method, path, headers, body, query)
        except AWSError as error:
            return _refusal(service, headers, error)
        response = await handle(method, path, headers, body, query)
        return _without_nulls(response, operation and operation.output_shape)

    return guarded


def _without_nulls(response: Response, shape: Shape | None) -> Response:
    """The response without null members, which AWS omits. Documents and the values of maps keep theirs."""
    status, headers, body = response
    modelled = shape is not None and "payload" not in shape.serialization
    if not modelled or "json" not in headers.get("Content-Type", "") or b"null" not in body:
        return response
    return status, headers, json.dumps(_present(json.loads(body), shape)).encode()


def _present(value: Any, shape: Shape) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict) and not shape.is_document_type:
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        return {
            key: _present(item, members[key]) if key in members else item
            for key, item in value.items()
            if item is not None
        }
    if kind == "list" and isinstance(value, list):
        return [_present(item, shape.member) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: _present(item, shape.value) for key, item in value.items()}
    return value


async def _check(service: str, checks: dict, *request: Any) -> OperationModel | None:
    call = parsing.call(service, *request)
    if call is None:
        return None
    parameters = call.parameters()
    problems = shapes.check(parameters, call.operation.input_shape) if call.operation.input_shape else []
    refuse(problems, _code(service, problems))
    check = checks.get((service, call.operation.name))
    if check is not None:
        await asyncio.to_thread(check, parameters)
    return call.operation


async def _check_s3(
    service: str, checks: dict, method: str, path: str, headers: dict, body: bytes, query: dict
) -> None:
    # The body of an object must not be parsed.
    call = parsing.call(service, method, path, headers, b"", query)
    request = {"operation": call and call.operation, "query": query, "headers": headers, "body": body}
    checks[service, "*"](request)


def _code(service: str, problems: list[shapes.Problem]) -> str:
    """AWS's code for these problems. Two parameters have different codes."""
    own = {"lambda": ("Runtime", "InvalidParameterValueException"), "sqs": ("Attributes", "InvalidAttributeName")}
    parameter, code = own.get(service, ("", ""))
    if parameter and any(problem.path.startswith(parameter) for problem in problems):
        return code
    return _INVALID.get(service, "ValidationException")


def _refusal(service: str, headers: dict, error: AWSError) -> Response:
    """An error in the protocol of the request."""
    code, message = escape(error.code), escape(error.message)
    if service == "s3":
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
        return error.status, {"Content-Type": "application/xml"}, text.encode()
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        text = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        return error.status, {"Content-Type": "text/xml"}, text.encode()
    body = {"__type": error.code, "message": error.message, "Message": error.message, **error.members}
    return error.status, {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}, json.dumps(body).encode()
