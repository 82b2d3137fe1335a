"""Calls the SageMaker endpoint. A refusal by the model is returned as a Response; any other failure is raised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from api import settings

CSV, JSON = "text/csv", "application/json"
# The header of requests that no client has sent, and their inference id in captured records. Monitoring counts these
# records, but does not compare them with the baseline.
SYNTHETIC_HEADER, SYNTHETIC_ID = "X-Synthetic-Request", "synthetic"


@dataclass(frozen=True)
class Response:
    """The container's own HTTP status and body; `variant` is the production variant that responded."""

    status: int
    body: str
    variant: str = ""


def invoke(
    body: bytes,
    content_type: str,
    accept: str,
    variant: str | None = None,
    *,
    is_synthetic: bool = False,
    inference_id: str = "",
) -> Response:
    """Call the endpoint: the given variant, or the one that SageMaker chooses. Captured records have the inference id.

    A container's 4xx is returned with its reason. Its 5xx, a time-out, throttling or a missing endpoint raise
    botocore's exceptions, which Lambda counts as errors of the function.
    """
    if is_synthetic:
        inference_id = SYNTHETIC_ID
    try:
        response = _client().invoke_endpoint(
            EndpointName=settings.ENDPOINT_NAME,
            Body=body,
            ContentType=content_type,
            Accept=accept,
            **({"TargetVariant": variant} if variant else {}),
            **({"InferenceId": inference_id} if inference_id else {}),
        )
    except ClientError as error:
        status = error.response.get("OriginalStatusCode", 500)
        if error.response["Error"]["Code"] == "ModelError" and 400 <= status < 500:
            return Response(status, error.response.get("OriginalMessage", ""))
        raise
    return Response(200, response["Body"].read().decode(), response.get("InvokedProductionVariant", ""))


@cache
def _client():
    # API Gateway gives up after 29 seconds, the function before that.
    return boto3.client(
        "sagemaker-runtime",
        config=Config(
            connect_timeout=2,
            read_timeout=settings.number("READ_TIMEOUT_SECONDS", 25),
            retries={"mode": "standard", "total_max_attempts": 2},
            tcp_keepalive=True,
        ),
    )
