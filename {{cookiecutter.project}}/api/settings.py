"""The functions' environment variables, which infra/endpoint.yml sets."""

from __future__ import annotations

import os

ENDPOINT_NAME = os.environ["ENDPOINT_NAME"]


def text(name: str, default: str = "") -> str:
    """A variable, or the default where it is not set or empty."""
    return os.environ.get(name) or default


def number(name: str, default: int) -> int:
    """A variable with a whole number."""
    return int(text(name, str(default)))
