"""The check before a shift of traffic and before the first alias: the new version of the function and its endpoint
answer golden rows as the released model does, and refuse bad requests."""

from __future__ import annotations

import json

from api import endpoint, golden, settings, version
from api.endpoint import CSV, JSON
from api.golden import Golden
from api.hooks import CheckFailed, hook
from api.version import Answer

_MAX_ROWS = settings.number("MAX_ROWS", 1000)


def check() -> str:
    """Ask the endpoint, then the function in front of it. Raises CheckFailed with the first deviation."""
    rows = golden.read()
    _check_endpoint(rows)
    _check_own_answers()
    for first in range(0, len(rows.rows), _MAX_ROWS):
        _check_predictions(rows.part(first, _MAX_ROWS))
    for request in rows.refused:
        answer = version.predict(request["body"], request["content_type"])
        _require(request["what"], answer, request["status"])
    return f"{version.ARN} and {settings.ENDPOINT_NAME} answer {len(rows.rows)} golden rows as the released model does"


def _check_endpoint(rows: Golden) -> None:
    """The release's own variant, whichever variant shares the traffic: each row by itself, and all of them at once."""
    name = settings.ENDPOINT_NAME
    rows.compare(name, [float(_ask_endpoint(row.encode(), CSV).strip()) for row in rows.rows])
    rows.compare(name, json.loads(_ask_endpoint("\n".join(rows.rows).encode(), JSON))["predictions"])


def _ask_endpoint(body: bytes, accept: str) -> str:
    answer = endpoint.invoke(body, CSV, accept, endpoint.RELEASE_VARIANT)
    if answer.status != 200:
        raise CheckFailed(f"{settings.ENDPOINT_NAME} answers {answer.status} to golden rows: {answer.body[:300]}")
    return answer.body


def _check_own_answers() -> None:
    """Answers of the function that need no endpoint: its health, and bad requests."""
    health = version.ask("GET", "/health")
    _require("a question for its health", health, 200)
    found, expected = json.loads(health.body), (settings.text("MODEL_VERSION"), settings.ENDPOINT_NAME)
    if (found["model_version"], found["endpoint"]) != expected:
        raise CheckFailed(f"{version.ARN} serves {found['model_version']} by {found['endpoint']}, must be {expected}")
    _require("a path that does not exist", version.ask("POST", "/predictions", "1", CSV), 404)
    _require("a picture", version.predict("1", "image/png"), 415)
    _require("a body that is empty", version.predict("", CSV), 400)


def _check_predictions(rows: Golden) -> None:
    lines = "\n".join(rows.rows)
    as_csv = version.predict(lines, CSV, CSV)
    _compare(rows, as_csv, as_csv.body.split())
    requests = [(lines, CSV)]
    if rows.instances:
        requests.append((json.dumps({"instances": rows.instances}), JSON))
    for body, content_type in requests:
        answer = version.predict(body, content_type, JSON)
        _compare(rows, answer, json.loads(answer.body)["predictions"] if answer.status == 200 else [])


def _compare(rows: Golden, answer: Answer, found: list) -> None:
    _require(f"{len(rows.rows)} golden rows", answer, 200)
    # Another variant may share the traffic: its model's answers differ.
    if answer.model_version == settings.text("MODEL_VERSION"):
        rows.compare(version.ARN, [float(each) for each in found])


def _require(what: str, answer: Answer, status: int) -> None:
    if answer.status != status:
        raise CheckFailed(f"{version.ARN} answers {what} with {answer.status}, must be {status}: {answer.body[:300]}")


handler = hook(check)
