"""The REST API: POST /predict and GET /health, behind API Gateway.

A request that the API or the model refuses gets a 4xx response with the reason. A failure of the endpoint is raised:
API Gateway responds with 502, and Lambda counts an error. Alarms on these errors roll a bad release back; an exception
that is caught here and turned into a 500 response would not raise them.
"""

from __future__ import annotations

import json
import time
from base64 import b64decode
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit

from api import endpoint, requests, settings

VERSION_HEADER = "X-Model-Version"

_VERSION = settings.text("MODEL_VERSION", "unknown")
# The version of the challenger, by the name of its variant.
_VERSIONS = {settings.text("CHALLENGER_NAME"): settings.text("CHALLENGER_VERSION", "unknown")}

logger = Logger()
metrics = Metrics()
app = APIGatewayRestResolver()


@app.post("/predict")
def predict() -> Response:
    """Predictions for rows of CSV or JSON, in their order."""
    event = app.current_event
    headers = {name.lower(): value for name, value in (event.headers or {}).items()}
    # Powertools' decoded_body raises for a body that is not UTF-8 text.
    body = (b64decode if event.is_base64_encoded else str.encode)(event.body or "")
    request = requests.read(body, headers.get("content-type", ""), headers.get("accept", ""))
    started = time.perf_counter()
    answer = endpoint.invoke(
        request.body,
        request.content_type,
        request.accept,
        is_synthetic=endpoint.SYNTHETIC_HEADER.lower() in headers,
        inference_id=requests.inference_id(headers),
    )
    metrics.add_metric("EndpointLatency", MetricUnit.Milliseconds, 1000 * (time.perf_counter() - started))
    if answer.status != 200:
        raise ServiceError(answer.status, _reason(answer.body))
    metrics.add_metric("Predictions", MetricUnit.Count, request.rows)
    version = _VERSIONS.get(answer.variant, _VERSION)
    if request.accept == endpoint.CSV:
        return _response(200, endpoint.CSV, answer.body, version)
    predictions = json.loads(answer.body)["predictions"]
    content = {
        "predictions": predictions,
        "model_version": version,
        "endpoint": settings.ENDPOINT_NAME,
        "variant": answer.variant,
    }
    return _response(200, endpoint.JSON, json.dumps(content), version)


@app.get("/health")
def health() -> Response:
    """The release that this function serves. Does not call the endpoint."""
    content = {"status": "ok", "model_version": _VERSION, "endpoint": settings.ENDPOINT_NAME}
    return _response(200, endpoint.JSON, json.dumps(content))


@app.exception_handler(ServiceError)
def refuse(error: ServiceError) -> Response:
    """Respond with the reason. The client can correct the request, so this does not count as an error."""
    metrics.add_metric("ClientErrors", MetricUnit.Count, 1)
    logger.info("Refused", extra={"status": int(error.status_code), "reason": error.msg})
    return _response(int(error.status_code), endpoint.JSON, json.dumps({"error": error.msg}))


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry."""
    metrics.add_dimension("model_version", _VERSION)
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    return app.resolve(event, context)


def _response(status: int, content_type: str, body: str, version: str = _VERSION) -> Response:
    return Response(status, content_type, body, headers={VERSION_HEADER: version})


def _reason(body: str) -> str:
    """The `error` of the container's JSON, or its body where there is none."""
    try:
        content = json.loads(body)
    except ValueError:
        return body
    return str(content.get("error", body)) if isinstance(content, dict) else body
