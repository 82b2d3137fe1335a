"""CodeDeploy's hook BeforeAllowTraffic: the new endpoint answers known rows as the released model does."""

from __future__ import annotations

import json
import math

import boto3

from api import endpoint, settings
from api.hooks import CheckFailed, bucket_and_key, hook


def check() -> str:
    """Ask each known row by itself, and all of them at once as JSON. Raises CheckFailed with the first deviation."""
    bucket, key = bucket_and_key(settings.text("KNOWN_ROWS_URI"))
    known = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    rows, expected, tolerance = known["rows"], known["predictions"], known["tolerance"]
    for row, prediction in zip(rows, expected, strict=True):
        _compare(row, float(_ask(row.encode(), endpoint.CSV).strip()), prediction, tolerance)
    answered = _ask("\n".join(rows).encode(), endpoint.JSON)
    for row, found, prediction in zip(rows, json.loads(answered)["predictions"], expected, strict=True):
        _compare(row, found, prediction, tolerance)
    return f"{settings.ENDPOINT_NAME} answers {len(rows)} known rows as the released model does"


def _ask(body: bytes, accept: str) -> str:
    answer = endpoint.invoke(body, endpoint.CSV, accept, endpoint.RELEASE_VARIANT)
    if answer.status != 200:
        raise CheckFailed(f"{settings.ENDPOINT_NAME} answers {answer.status} to known rows: {answer.body[:300]}")
    return answer.body


def _compare(row: str, found: float, expected: float, tolerance: float) -> None:
    deviation = abs(found - expected) / max(1.0, abs(expected))
    if not math.isfinite(found) or deviation > tolerance:
        raise CheckFailed(f"{settings.ENDPOINT_NAME} answers {found:g} for {row!r}, the released model {expected:g}")


handler = hook(check)
