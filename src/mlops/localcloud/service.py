"""A service: requests are parsed, validated, authorised and answered along botocore's model."""

import asyncio
import base64
import inspect
import json
import logging
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cached_property
from typing import Any, cast
from urllib.parse import unquote

import botocore.loaders
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.utils import parse_timestamp

from mlops import shapes
from mlops.localcloud import context
from mlops.localcloud.errors import AWSError, InvalidRequest, not_implemented, refuse
from mlops.localcloud.identity import authorization
from mlops.localcloud.ministack import iam
from mlops.localcloud.protocol import Response

logger = logging.getLogger(__name__)


class Structure(dict):
    """A structure of a request. Reading a member that it lacks by `[]` refuses the request.

    An operation that needs a member which its shape calls optional thus responds with status 400, as AWS does.
    """

    def __missing__(self, name: str) -> Any:
        required = f"{name[:1].upper()}{name[1:]}RequiredException"
        raise InvalidRequest(f"{name} is required", required, "InvalidInputException")


Operation = Callable[[dict], dict | None]
AsyncOperation = Callable[[dict], Awaitable[dict | None]]


class Service:
    """A service of AWS by its botocore name, with the operations that are implemented here.

    Protocols: AWS JSON (X-Amz-Target) and REST-JSON. An operation without an implementation is refused with
    `NotImplemented` and its name.
    """

    def __init__(self, name: str):
        self.name = name
        self._operations: dict[str, Operation | AsyncOperation] = {}

    @cached_property
    def model(self) -> ServiceModel:
        return ServiceModel(botocore.loaders.Loader().load_service_model(self.name, "service-2"), self.name)

    def operation(self, function: Operation) -> Operation:
        """Register a function as the operation of its name. It runs on a worker thread and may block."""
        self._operations[function.__name__] = function
        return function

    def async_operation(self, function: AsyncOperation) -> AsyncOperation:
        """Register a coroutine function as the operation of its name. It runs on the event loop."""
        self._operations[function.__name__] = function
        return function

    @property
    def implemented(self) -> set[str]:
        """The implemented operations, by the names of boto3's methods."""
        return set(self._operations)

    @property
    def target_prefix(self) -> str | None:
        return self.model.metadata.get("targetPrefix")

    async def handle(self, method: str, path: str, headers: dict, body: bytes, query: dict) -> Response:
        """Answer one request. Header names are in lower case."""
        try:
            operation, request = self._parse(method, path, headers, body, query)
            function = self._operations.get(xform_name(operation.name))
            if function is None:
                raise not_implemented(f"The local cloud does not implement {self.name} {operation.name}")
            try:
                result = await self._carry_out(operation, function, request, headers)
            except InvalidRequest as error:
                raise error.for_operation(operation) from error
            return self._answer(operation, result or {})
        except AWSError as error:
            return _error(error)
        except iam.NotAuthenticated as error:
            return _error(AWSError(error.code, str(error), status=403))
        except context.RoleNotAssumable as error:
            return _error(AWSError("ValidationException", str(error)))
        except Exception as error:
            logger.exception("%s %s %s failed", self.name, method, path)
            return _error(AWSError("InternalFailure", f"{type(error).__name__}: {error}", status=500))

    async def _carry_out(
        self, operation: OperationModel, function: Operation | AsyncOperation, request: dict, headers: dict
    ) -> dict | None:
        problems = shapes.check(request, operation.input_shape) if operation.input_shape else []
        # A request that cannot be read names no resource for IAM; all other problems are shown only to authorised callers.
        refuse([problem for problem in problems if problem.rule == "type"], "SerializationException")
        denial = authorization.check(self.name, operation.name, request, headers)
        if denial is not None:
            raise AWSError("AccessDeniedException", denial.message, status=400)
        refuse(problems, "ValidationException")
        context.set_caller(iam.caller(headers))
        if inspect.iscoroutinefunction(function):
            return await function(request)
        return await asyncio.to_thread(cast(Operation, function), request)

    def _parse(
        self, method: str, path: str, headers: dict, body: bytes, query: dict
    ) -> tuple[OperationModel, dict[str, Any]]:
        if self.target_prefix:
            name = headers.get("x-amz-target", "").removeprefix(f"{self.target_prefix}.")
            if name not in self.model.operation_names:
                raise AWSError("UnknownOperationException", f"{self.name} has no operation {name!r}", status=404)
            operation = self.model.operation_model(name)
            return operation, _from_json(_load(body), operation.input_shape)
        for http_method, pattern, operation in self._routes:
            match = pattern.fullmatch(path)
            if http_method == method and match:
                located = {key: unquote(value) for key, value in match.groupdict().items()}
                return operation, _from_rest(operation, located, headers, body, query)
        raise AWSError("UnknownOperationException", f"{self.name} has no operation at {method} {path}", status=404)

    @cached_property
    def _routes(self) -> list[tuple[str, re.Pattern, OperationModel]]:
        models = [self.model.operation_model(name) for name in self.model.operation_names]
        return [
            (
                model.http["method"],
                re.compile(re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", model.http["requestUri"].partition("?")[0])),
                model,
            )
            for model in models
        ]

    @staticmethod
    def _answer(operation: OperationModel, result: dict) -> Response:
        shape = operation.output_shape
        headers = {"Content-Type": "application/json"}
        if shape is None:
            return 200, headers, b"{}"
        payload = shape.serialization.get("payload")
        body = {}
        for name, member in shape.members.items():
            value = result.get(name)
            if value is None or name == payload:
                continue
            if member.serialization.get("location") == "header":
                headers[member.serialization.get("name", name)] = str(value)
            else:
                body[member.serialization.get("name", name)] = _to_json(value, member)
        return 200, headers, result.get(payload, b"") if payload else json.dumps(body).encode()


def _load(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        raise AWSError("SerializationException", f"The request's body is not JSON: {error}") from error


def _from_rest(operation: OperationModel, located: dict, headers: dict, body: bytes, query: dict) -> dict:
    shape = operation.input_shape
    if shape is None:
        return Structure()
    payload = shape.serialization.get("payload")
    request: Any = Structure() if payload else _from_json(_load(body), shape)
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        location = member.serialization.get("location")
        if location == "uri":
            request[name] = located[wire]
        elif location == "header" and wire.lower() in headers:
            request[name] = headers[wire.lower()]
        elif location == "querystring" and wire in query:
            value = query[wire]
            request[name] = value[0] if isinstance(value, list) else value
        elif name == payload:
            request[name] = body
    return request


def _from_json(value: Any, shape: Shape | None) -> Any:
    if shape is None or value is None:
        return Structure() if shape is None else None
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        members = shape.members
        return Structure(
            (key, _from_json(item, members[key]) if key in members else item)
            for key, item in value.items()
            if item is not None
        )
    if kind == "list" and isinstance(value, list):
        return [_from_json(item, shape.member) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: _from_json(item, shape.value) for key, item in value.items()}
    try:
        if kind == "timestamp" and isinstance(value, int | float | str):
            return parse_timestamp(value)
        if kind == "blob" and isinstance(value, str):
            return base64.b64decode(value)
    except (ValueError, OverflowError) as error:
        raise AWSError("SerializationException", f"{value!r} is not a {kind}: {error}") from error
    return value


def _to_json(value: Any, shape: Shape) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return {
            name: _to_json(value[name], member) for name, member in shape.members.items() if value.get(name) is not None
        }
    if kind == "list":
        return [_to_json(item, shape.member) for item in value]
    if kind == "map":
        return {key: _to_json(item, shape.value) for key, item in value.items()}
    if kind == "timestamp":
        return value.timestamp() if isinstance(value, datetime) else value
    if kind == "blob":
        return base64.b64encode(value).decode()
    return value


def _error(error: AWSError) -> Response:
    body = {"__type": error.code, "message": error.message, "Message": error.message, **error.members}
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
    return error.status, headers, json.dumps(body).encode()
