"""Golden rows: rows with the predictions of the released model, and requests that must be refused.

QA of the test endpoint writes them to S3 for each release.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

import boto3

from api import settings
from api.hooks import CheckFailed, bucket_and_key


@dataclass(frozen=True)
class Golden:
    """`instances` are the rows as JSON values, `refused` requests with the status that must answer them."""

    rows: list[str]
    predictions: list[float]
    tolerance: float
    instances: list[list[Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def compare(self, name: str, found: list[float]) -> None:
        """Raise CheckFailed with the first row that is answered otherwise than by the released model."""
        if len(found) != len(self.rows):
            raise CheckFailed(f"{name} answers {len(found)} predictions for {len(self.rows)} golden rows")
        for row, prediction, expected in zip(self.rows, found, self.predictions, strict=True):
            deviation = abs(prediction - expected) / max(1.0, abs(expected))
            if not math.isfinite(prediction) or deviation > self.tolerance:
                raise CheckFailed(f"{name} answers {prediction:g} for {row!r}, the released model {expected:g}")

    def part(self, first: int, count: int) -> Golden:
        """Some of the rows."""
        end = first + count
        return Golden(self.rows[first:end], self.predictions[first:end], self.tolerance, self.instances[first:end])


def read() -> Golden:
    """The golden rows of this release."""
    bucket, key = bucket_and_key(settings.text("KNOWN_ROWS_URI"))
    return Golden(**json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()))
