"""Checks production with the golden rows of a release, after a change without a build."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from urllib.parse import urlsplit

from mlops.aws.session import Session
from mlops.errors import PipelineError
from mlops.names import RELEASE_VARIANT, Names
from mlops.qa.client import Client, FunctionClient


@dataclass(frozen=True)
class Golden:
    """Rows as CSV, with the predictions of the released model."""

    rows: list[str]
    predictions: list[float]
    tolerance: float


def read(session: Session, uri: str) -> Golden:
    """The golden rows that the test of a release left at this S3 URI."""
    parts = urlsplit(uri)
    answer = session.client("s3").get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))
    found = json.loads(answer["Body"].read())
    return Golden(found["rows"], found["predictions"], found["tolerance"])


def deviation(found: float, expected: float) -> float:
    """How far a prediction is from the expected one, relative to it (to 1 where it is smaller)."""
    return abs(found - expected) / max(1.0, abs(expected)) if math.isfinite(found) else math.inf


def client_of(session: Session, names: Names, parameters: dict[str, str]) -> Client:
    """A client for these parameters of infra/endpoint.yml. With a second variant it calls the release's own."""
    if parameters["ChallengerName"]:
        return Client(session, parameters["EndpointName"], RELEASE_VARIANT)
    if parameters["ClientsCall"] == "api":
        return FunctionClient(session, names.function("api"))
    return Client(session, parameters["EndpointName"])


def require(client: Client, golden: Golden, rows_per_request: int) -> None:
    """PipelineError with the first golden row whose prediction differs from the released model's."""
    for first in range(0, len(golden.rows), rows_per_request):
        rows = golden.rows[first : first + rows_per_request]
        expected = golden.predictions[first : first + rows_per_request]
        for row, found, prediction in zip(rows, client.predict_csv(rows), expected, strict=True):
            if deviation(found, prediction) > golden.tolerance:
                raise PipelineError(f"{client.endpoint} answers {found:g} for {row!r}, the model {prediction:g}")
