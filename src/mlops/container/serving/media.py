"""The media types of requests and responses: CSV or JSON, negotiated as in RFC 9110, 12.5.1."""

from __future__ import annotations

from functools import lru_cache

CSV, JSON = "text/csv", "application/json"
_RANGES = {
    CSV: (CSV, "text/*", "*/*"),
    JSON: (JSON, "application/*", "*/*"),
}


@lru_cache(maxsize=64)
def request_type(content_type: str) -> str | None:
    """The media type of a request's body; None for an unsupported one."""
    media = content_type.partition(";")[0].strip().lower()
    return media if media in _RANGES else None


@lru_cache(maxsize=64)
def answer_type(accept: str, request: str) -> str | None:
    """The type that the client prefers, in case of a tie that of its request; None when it accepts neither."""
    if not accept.strip():
        return request
    quality = {media: _quality(accept, ranges) for media, ranges in _RANGES.items()}
    best = max(quality.values())
    if best <= 0:
        return None
    return request if quality[request] == best else max(quality, key=quality.__getitem__)


def _quality(accept: str, ranges: tuple[str, ...]) -> float:
    """The weight (q) of the most specific range in `accept` that matches."""
    listed = {}
    for item in accept.split(","):
        media, *parameters = (part.strip().lower() for part in item.split(";"))
        q = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
        try:
            listed[media] = float(q)
        except ValueError:
            listed[media] = 0.0
    return next((listed[media] for media in ranges if media in listed), 0.0)
