"""The check before traffic shifts to a new version of the function, and before its first alias: function and endpoint
predict golden rows as the released model does, and refuse bad requests."""

from __future__ import annotations

import json

from api import endpoint, golden, predictions, settings, version
from api.endpoint import CSV, JSON
from api.golden import Golden
from api.hooks import CheckFailed, hook
from api.responses import Response, compare, read, require

_MAX_ROWS = settings.number("MAX_ROWS", 1000)
# Only where a challenger shares the traffic.
_VARIANT = settings.text("RELEASE_VARIANT") or None


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
    one_by_one = [read(name, _ask_endpoint(row.encode(), CSV), predictions.from_csv) for row in rows.rows]
    rows.compare(name, [prediction for one in one_by_one for prediction in one])
    rows.compare(name, read(name, _ask_endpoint("\n".join(rows.rows).encode(), JSON), predictions.from_json))


def _ask_endpoint(body: bytes, accept: str) -> str:
    response = endpoint.invoke(body, CSV, accept, _VARIANT, is_synthetic=True)
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
    compare(version.ARN, rows, version.predict(lines, CSV, CSV), predictions.from_csv)
    requests = [(lines, CSV)]
    if rows.instances:
        requests.append((json.dumps({"instances": rows.instances}), JSON))
    for body, content_type in requests:
        compare(version.ARN, rows, version.predict(body, content_type, JSON), predictions.from_json)


def _require(request: str, response: Response, status: int) -> None:
    require(version.ARN, request, response, status)


handler = hook(check)
