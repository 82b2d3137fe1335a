"""Golden rows: rows with the predictions of the released model, and requests that an endpoint must refuse.

QA of the test endpoint writes them. In production, the hook before traffic, the smoke test and rollbacks compare the
endpoint's predictions with them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mlops.aws.session import Session
from mlops.errors import PipelineError
from mlops.names import RELEASE_VARIANT, Names
from mlops.qa.client import Client, FunctionClient
from mlops.qa.predictions import Prediction, deviation, shown

# Predictions are float32: both sides round to about seven digits, and their text may lose one more.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class BadRequest:
    """A request that a model must refuse, and the HTTP status for it."""

    fault: str
    body: str
    content_type: str
    status: int


@dataclass(frozen=True)
class Golden:
    """`rows` are CSV, `instances` the same rows as JSON values, `predictions` those of the released model."""

    rows: list[str]
    predictions: Sequence[Prediction]
    tolerance: float = TOLERANCE
    instances: list[list[Any]] = field(default_factory=list)
    bad_requests: list[BadRequest] = field(default_factory=list)


def write(golden: Golden, file: Path) -> None:
    """Write the golden rows as JSON, the format that api/golden.py reads too."""
    file.write_text(json.dumps(asdict(golden)) + "\n", encoding="utf-8")


def read(session: Session, uri: str) -> Golden:
    """The golden rows at this S3 URI."""
    parts = urlsplit(uri)
    response = session.client("s3").get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))
    content = json.loads(response["Body"].read())
    return Golden(content["rows"], content["predictions"], content["tolerance"])


def client_of(session: Session, names: Names, parameters: dict[str, str]) -> Client:
    """A client for these parameters of infra/endpoint.yml. If there is a challenger, it calls the release's variant."""
    if parameters["ChallengerName"]:
        return Client(session, parameters["EndpointName"], RELEASE_VARIANT)
    if parameters["ClientsCall"] == "api":
        return FunctionClient(session, names.function("api"))
    return Client(session, parameters["EndpointName"])


def require(client: Client, golden: Golden, rows_per_request: int) -> None:
    """Raise PipelineError with the first golden row whose prediction differs from the released model's."""
    for first in range(0, len(golden.rows), rows_per_request):
        rows = golden.rows[first : first + rows_per_request]
        expected = golden.predictions[first : first + rows_per_request]
        for row, prediction, right in zip(rows, client.predict_csv(rows), expected, strict=True):
            if deviation(prediction, right) > golden.tolerance:
                raise PipelineError(
                    f"{client.endpoint} predicts {shown(prediction)} for {row!r}, the released model {shown(right)}"
                )
