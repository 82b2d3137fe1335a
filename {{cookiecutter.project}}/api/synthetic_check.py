"""The synthetic check: calls the API by a schedule, as a client does, with golden rows of the release in production.

The result and the latency are metrics; an alarm of infra/endpoint.yml watches them. A check that fails is a result, so
the function itself raises nothing but a failure to publish.
"""

from __future__ import annotations

import time
from typing import Any

import boto3

from api import golden, predictions, settings
from api.client import Client
from api.endpoint import CSV, JSON
from api.hooks import failure
from api.responses import compare

SUCCESS, LATENCY = "SyntheticSuccess", "SyntheticLatency"
_MAX_ROWS = settings.number("MAX_ROWS", 1000)


def handler(event: dict[str, Any], context: Any) -> None:
    """Lambda's entry."""
    measured: list[dict[str, Any]] = []
    reason = failure(lambda: _check(measured))
    measured.append({"MetricName": SUCCESS, "Value": 0 if reason else 1, "Unit": "Count"})
    boto3.client("cloudwatch").put_metric_data(Namespace=settings.text("METRICS"), MetricData=measured)


def _check(measured: list[dict[str, Any]]) -> str:
    """Return what was found, and add the latency. Raises CheckFailed when the API does not respond as it must."""
    rows = golden.read().part(0, _MAX_ROWS)
    client = Client()
    started = time.perf_counter()
    response = client.predict("\n".join(rows.rows), CSV, JSON)
    milliseconds = 1000 * (time.perf_counter() - started)
    measured.append({"MetricName": LATENCY, "Value": milliseconds, "Unit": "Milliseconds"})
    if not compare(client.url, rows, response, predictions.from_json):
        return f"{client.url} responds by {response.model_version}, which has other golden rows"
    return f"{client.url} predicts {len(rows.rows)} golden rows as the released model does"
