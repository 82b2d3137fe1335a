"""The check before traffic shifts to a new version of the function, and before its first alias: function and endpoint
predict golden rows as the released model does, and refuse bad requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeAlias

from api import endpoint, golden, predictions, settings, version
from api.endpoint import CSV, JSON
from api.golden import Golden
from api.hooks import CheckFailed, hook
from api.predictions import Prediction
from api.version import Response

Read: TypeAlias = Callable[[str], list[Prediction]]
_MAX_ROWS = settings.number("MAX_ROWS", 1000)


def check() -> str:
    """Check the endpoint, then the function. Raises CheckFailed with the first deviation."""
    rows = golden.read()
    _check_endpoint(rows)
    _check_own_answers()
    for first in range(0, len(rows.rows), _MAX_ROWS):
        _check_predictions(rows.part(first, _MAX_ROWS))
    for request in rows.bad_requests:
        response = version.predict(request["body"], request["content_type"])
        _require(request["fault"], response, request["status"])
    return f"{version.ARN} and {settings.ENDPOINT_NAME} answer {len(rows.rows)} golden rows as the released model does"


def _check_endpoint(rows: Golden) -> None:
    """Compare the predictions of the release's variant, also when it shares the traffic: row by row, and all at once."""
    name = settings.ENDPOINT_NAME
    one_by_one = [_read(name, _ask_endpoint(row.encode(), CSV), predictions.from_csv) for row in rows.rows]
    rows.compare(name, [prediction for one in one_by_one for prediction in one])
    rows.compare(name, _read(name, _ask_endpoint("\n".join(rows.rows).encode(), JSON), predictions.from_json))


def _ask_endpoint(body: bytes, accept: str) -> str:
    response = endpoint.invoke(body, CSV, accept, endpoint.RELEASE_VARIANT)
    if response.status != 200:
        raise CheckFailed(f"{settings.ENDPOINT_NAME} answers {response.status} to golden rows: {response.body[:300]}")
    return response.body


def _check_own_answers() -> None:
    """Check the function's responses that need no endpoint: /health, and refusals of bad requests."""
    health = version.ask("GET", "/health")
    _require("a health check", health, 200)
    served, expected = json.loads(health.body), (settings.text("MODEL_VERSION"), settings.ENDPOINT_NAME)
    if (served["model_version"], served["endpoint"]) != expected:
        raise CheckFailed(f"{version.ARN} serves {served['model_version']} by {served['endpoint']}, must be {expected}")
    _require("a path that does not exist", version.ask("POST", "/predictions", "1", CSV), 404)
    _require("a picture", version.predict("1", "image/png"), 415)
    _require("an empty body", version.predict("", CSV), 400)


def _check_predictions(rows: Golden) -> None:
    lines = "\n".join(rows.rows)
    _compare(rows, version.predict(lines, CSV, CSV), predictions.from_csv)
    requests = [(lines, CSV)]
    if rows.instances:
        requests.append((json.dumps({"instances": rows.instances}), JSON))
    for body, content_type in requests:
        _compare(rows, version.predict(body, content_type, JSON), predictions.from_json)


def _compare(rows: Golden, response: Response, read: Read) -> None:
    _require(f"{len(rows.rows)} golden rows", response, 200)
    # The challenger may share the traffic: its model's predictions differ.
    if response.model_version == settings.text("MODEL_VERSION"):
        rows.compare(version.ARN, _read(version.ARN, response.body, read))


def _read(name: str, body: str, read: Read) -> list[Prediction]:
    try:
        return read(body)
    except ValueError as error:
        raise CheckFailed(f"{name} answers no predictions to golden rows: {body[:300]!r} ({error})") from error


def _require(request: str, response: Response, status: int) -> None:
    if response.status != status:
        raise CheckFailed(
            f"{version.ARN} answers {request} with {response.status}, must be {status}: {response.body[:300]}"
        )


handler = hook(check)
