"""Hypothesis strategies for every request that a client can send through API Gateway."""

import json
from typing import Any

from gateway import event
from hypothesis import strategies as st

_CSV, _JSON = "text/csv", "application/json"
# Python converts integers of up to 4,300 digits.
_NUMBERS = st.integers() | st.floats() | st.integers(4290, 4400).map(lambda digits: _Raw("9" * digits))
_TEXTS = st.text(max_size=20) | st.sampled_from(["Manhattan", "\ud800", "\x00", "NaN", "1e999"])
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


class _Raw(str):
    """Digits that appear in JSON as a number."""


def _written(value: Any) -> str:
    if isinstance(value, _Raw):
        return str(value)
    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_written(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


_ROWS = st.lists(st.lists(_VALUES, max_size=8) | st.dictionaries(_TEXTS, _VALUES, max_size=8), max_size=4)
_GOOD_ROWS = st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), min_size=1)
_DOCUMENTS = (_ROWS | _GOOD_ROWS).map(lambda rows: _written({"instances": rows})) | _VALUES.map(_written)
_NESTED = st.sampled_from(["[", '{"instances":[', '{"a":']).flatmap(
    lambda part: st.integers(1, 3000).map(lambda times: part * times)
)
_LINES = st.lists(
    st.lists(st.integers().map(str) | st.floats().map(str) | _TEXTS, max_size=8).map(",".join), max_size=5
).map("\n".join)
_BODIES = st.none() | st.text() | st.binary() | _DOCUMENTS | _DOCUMENTS.map(lambda text: text[:-1]) | _NESTED | _LINES
_TYPES = st.sampled_from([_CSV, _JSON, "application/json; charset=utf-8", "TEXT/CSV", "image/png", "", ";", ","])
_ACCEPTED = st.sampled_from([_CSV, _JSON, "*/*", "text/*", "image/png", "", ";q=0", ",,"]) | st.text(max_size=20)
_HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": _TYPES | st.text(max_size=20),
        "Accept": _ACCEPTED,
        "X-Inference-Id": st.text(),
        "X-Anything": st.text(),
    },
)
_PATHS = st.sampled_from(["/predict", "/health", "/", "", "/predict/", "/train"]) | st.text()
_METHODS = st.sampled_from(["POST", "GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])


def _encodable(body: str | bytes | None) -> str | bytes | None:
    """Surrogates as bytes: API Gateway passes a body on as text, or as base64 of bytes."""
    return body.encode("utf-8", "surrogatepass") if isinstance(body, str) and not _is_text(body) else body


def _is_text(body: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in body)


_PREDICTIONS = st.builds(
    lambda body, media: event(body, "/predict", "POST", {"Content-Type": media}),
    _BODIES.map(_encodable),
    st.sampled_from([_JSON, _CSV]),
)
_ANYTHING = st.builds(event, _BODIES.map(_encodable), _PATHS, _METHODS, _HEADERS)
EVENTS = st.integers(0, 9).flatmap(lambda number: _PREDICTIONS if number else _ANYTHING)
