"""Golden rows: rows with the predictions of the released model, and requests that must be refused.

QA of the test endpoint writes them to S3 for each release.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3

from api import settings
from api.hooks import CheckFailed, bucket_and_key
from api.predictions import Prediction, deviation, shown


@dataclass(frozen=True)
class Golden:
    """`instances` are the rows as JSON values; `bad_requests` must be refused, each with its `status`."""

    rows: list[str]
    predictions: list[Prediction]
    tolerance: float
    instances: list[list[Any]] = field(default_factory=list)
    bad_requests: list[dict[str, Any]] = field(default_factory=list)

    def compare(self, name: str, predictions: Sequence[Prediction]) -> None:
        """Raise CheckFailed with the first row whose prediction differs from the released model's."""
        if len(predictions) != len(self.rows):
            raise CheckFailed(f"{name} answers {len(predictions)} predictions for {len(self.rows)} golden rows")
        for row, prediction, expected in zip(self.rows, predictions, self.predictions, strict=True):
            if deviation(prediction, expected) > self.tolerance:
                raise CheckFailed(
                    f"{name} answers {shown(prediction)} for {row!r}, the released model {shown(expected)}"
                )

    def part(self, first: int, count: int) -> Golden:
        """Some of the rows."""
        end = first + count
        return Golden(self.rows[first:end], self.predictions[first:end], self.tolerance, self.instances[first:end])


def read() -> Golden:
    """The golden rows of this release."""
    bucket, key = bucket_and_key(settings.text("GOLDEN_ROWS_URI"))
    return Golden(**json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()))
