"""API Gateway's ImportRestApi: ministack imports OpenAPI documents for CloudFormation only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from mlops.localcloud.errors import AWSError, not_implemented
from mlops.localcloud.protocol import Handler, Response

_PREFIX = "x-amazon-apigateway-"
_INTEGRATION, _MEDIA_TYPES = f"{_PREFIX}integration", f"{_PREFIX}binary-media-types"
_EXTENSIONS = {_INTEGRATION, _MEDIA_TYPES, f"{_PREFIX}authorizer", f"{_PREFIX}authtype"}
# An integration with a function returns the function's own response, so `responses` has no effect.
_INTEGRATION_KEYS = {"contentHandling", "httpMethod", "passthroughBehavior", "responses", "type", "uri"}


def install() -> None:
    """Add the operation to ministack's handler. A document with an extension that would be ignored is refused."""
    from ministack import app

    handle: Handler = app.SERVICE_HANDLERS["apigateway"]

    async def handled(method: str, path: str, headers: dict, body: bytes, query: dict) -> Response:
        if (method, path) == ("POST", "/restapis") and query.get("mode") == ["import"]:
            return _import(body, query)
        return await handle(method, path, headers, body, query)

    app.SERVICE_HANDLERS["apigateway"] = handled


def _import(body: bytes, query: dict) -> Response:
    from ministack.services import apigateway_v1

    try:
        document = _read(body)
    except AWSError as error:
        return apigateway_v1._v1_error(error.code, error.message, error.status)
    settings = {
        "endpointConfiguration": {"types": query.get("endpointConfigurationTypes", ["EDGE"])},
        "binaryMediaTypes": document.get(_MEDIA_TYPES, []),
    }
    status, headers, content = apigateway_v1._get_rest_api(apigateway_v1._import_rest_api(document, settings))
    return (201 if status == 200 else status), headers, content


def _read(body: bytes) -> dict[str, Any]:
    try:
        document = yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise AWSError("BadRequestException", f"Invalid OpenAPI input: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise AWSError("BadRequestException", "Invalid OpenAPI input: it has no paths")
    if unknown := sorted(set(_unknown(document))):
        raise not_implemented(f"The local cloud does not import {', '.join(unknown)} of an OpenAPI document")
    return document


def _unknown(part: Any) -> Iterator[str]:
    """The keys of API Gateway's extensions that an import would ignore."""
    if isinstance(part, list):
        for item in part:
            yield from _unknown(item)
    if not isinstance(part, dict):
        return
    for key, value in part.items():
        if str(key).startswith(_PREFIX) and key not in _EXTENSIONS:
            yield str(key)
        if key == _INTEGRATION:
            yield from (f"{_INTEGRATION}.{name}" for name in value.keys() - _INTEGRATION_KEYS)
        yield from _unknown(value)
