"""Golden rows of a release, asked of production after a change that no build follows."""

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


def client_of(session: Session, names: Names, parameters: dict[str, str]) -> Client:
    """A client of what production was deployed as: of the release itself, where another model shares its traffic."""
    if parameters["BesideName"]:
        return Client(session, parameters["EndpointName"], RELEASE_VARIANT)
    if parameters["Entrance"] == "api":
        return FunctionClient(session, names.function("api"))
    return Client(session, parameters["EndpointName"])


def require(client: Client, golden: Golden, rows_per_request: int) -> None:
    """PipelineError with the first golden row that is not answered as the released model answered it."""
    for first in range(0, len(golden.rows), rows_per_request):
        rows = golden.rows[first : first + rows_per_request]
        expected = golden.predictions[first : first + rows_per_request]
        for row, found, prediction in zip(rows, client.predict_csv(rows), expected, strict=True):
            deviation = abs(found - prediction) / max(1.0, abs(prediction))
            if not math.isfinite(found) or deviation > golden.tolerance:
                raise PipelineError(f"{client.endpoint} answers {found:g} for {row!r}, the model {prediction:g}")
