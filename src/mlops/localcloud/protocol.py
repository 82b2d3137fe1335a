"""Requests and responses as handlers of services see them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict, bytes, dict], Awaitable[Response]]


def form_parameters(body: bytes, query: Mapping[str, list[str]]) -> dict[str, str]:
    """The parameters of a request in AWS's query protocol, the first value of each. The body wins, as in ministack."""
    form = parse_qs(body.decode("utf-8", "replace"))
    return {name: values[0] for name, values in {**query, **form}.items()}


def isoformat(value: Any) -> str:
    """A time in JSON, for json.dumps."""
    return value.isoformat()
