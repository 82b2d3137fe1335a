"""Checks a request's type, size and shape before the endpoint is called. The model validates the rows' values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.utilities.validation import SchemaValidationError, validate

from api import settings
from api.endpoint import CSV, JSON

INFERENCE_ID_HEADER = "X-Inference-Id"

_MAX_ROWS = settings.number("MAX_ROWS", 1000)
_MAX_BYTES = settings.number("MAX_BYTES", 1_000_000)
_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["instances"],
    "additionalProperties": False,
    "properties": {"instances": {"type": "array", "minItems": 1, "items": {"type": ["array", "object"]}}},
}


@dataclass(frozen=True)
class Prediction:
    """A request for predictions. `accept` is the type of the response."""

    body: bytes
    content_type: str
    accept: str
    rows: int


def read(body: bytes, content_type: str, accept: str) -> Prediction:
    """Check a request. Raises ServiceError with the status and the reason."""
    media = content_type.partition(";")[0].strip().lower()
    if media not in (CSV, JSON):
        raise ServiceError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type: found {media or 'nothing'}, allowed are {CSV} and {JSON}"
        )
    if len(body) > _MAX_BYTES:
        raise ServiceError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body has {len(body)} bytes, allowed are {_MAX_BYTES}"
        )
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ServiceError(HTTPStatus.BAD_REQUEST, f"The body is not UTF-8: {error}") from error
    rows = _csv_rows(text) if media == CSV else _json_rows(text)
    if rows > _MAX_ROWS:
        raise ServiceError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Found {rows} rows, allowed are {_MAX_ROWS}")
    return Prediction(body, media, _answer_type(accept), rows)


def inference_id(headers: Mapping[str, str]) -> str:
    """The id by which a client will send ground truth, empty without one. The names of headers are in lower case."""
    found = headers.get(INFERENCE_ID_HEADER.lower(), "")
    if len(found) > 64 or not (found.isascii() and found.isprintable()) or found != found.strip():
        raise ServiceError(
            HTTPStatus.BAD_REQUEST, f"{INFERENCE_ID_HEADER}: allowed are at most 64 printable characters"
        )
    return found


def _csv_rows(text: str) -> int:
    rows = text.strip("\r\n").count("\n") + 1 if text.strip() else 0
    if not rows:
        raise ServiceError(HTTPStatus.BAD_REQUEST, "The body is empty: send CSV rows of features without a header")
    return rows


def _json_rows(text: str) -> int:
    try:
        request = json.loads(text)
        validate(event=request, schema=_SCHEMA)
    except (ValueError, RecursionError) as error:  # ValueError: also an integer of more digits than Python converts
        raise ServiceError(HTTPStatus.BAD_REQUEST, f"The body is not JSON: {error}") from error
    except SchemaValidationError as error:
        allowed = 'allowed is {"instances": [row, …]}, where a row is a list, or an object with the features as keys'
        raise ServiceError(HTTPStatus.BAD_REQUEST, f"{error.validation_message}; {allowed}") from error
    return len(request["instances"])


def _answer_type(accept: str) -> str:
    """JSON, unless the client asks for CSV first (RFC 9110, 12.5.1, without weights)."""
    listed = [each.partition(";")[0].strip().lower() for each in accept.split(",") if each.strip()]
    for media in listed:
        if media in (CSV, "text/*"):
            return CSV
        if media in (JSON, "application/*", "*/*"):
            return JSON
    if listed:
        raise ServiceError(HTTPStatus.NOT_ACCEPTABLE, f"Accept: found {accept}, allowed are {CSV} and {JSON}")
    return JSON
