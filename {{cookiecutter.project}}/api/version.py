"""Invokes the new version of the API's function with API Gateway's events, before the version gets traffic."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import boto3

from api import settings
from api.endpoint import JSON, SYNTHETIC_HEADER
from api.hooks import CheckFailed
from api.responses import Response

ARN = settings.text("FUNCTION_ARN")


def predict(body: str, content_type: str, accept: str = JSON) -> Response:
    """POST /predict."""
    return ask("POST", "/predict", body, content_type, accept)


def ask(method: str, path: str, body: str | None = None, content_type: str = "", accept: str = JSON) -> Response:
    """Send one request. Raises CheckFailed when the function fails: a client would get 502."""
    event = {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": content_type, "Accept": accept, SYNTHETIC_HEADER: "true"},
        "queryStringParameters": None,
        "pathParameters": None,
        "requestContext": {"requestId": "before-traffic", "stage": "v1", "httpMethod": method, "path": path},
        "body": body,
        "isBase64Encoded": False,
    }
    response = _client().invoke(FunctionName=ARN, Payload=json.dumps(event).encode())
    payload: dict[str, Any] = json.loads(response["Payload"].read())
    if "FunctionError" in response:
        reason = f"{payload.get('errorType', 'error')}: {payload.get('errorMessage', '')}"
        raise CheckFailed(f"{ARN} fails at {method} {path}: {reason[:600]}")
    headers = payload.get("multiValueHeaders") or {}
    return Response(payload["statusCode"], payload.get("body") or "", (headers.get("X-Model-Version") or [""])[0])


@cache
def _client():
    return boto3.client("lambda")
