"""The report.json of another release, such as the last one of main, that a report compares with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlops.errors import InputError


def read(file: Path) -> dict[str, Any]:
    """The document of another release. InputError for any other file."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"--baseline: {file} is not JSON: {error}") from error
    if not isinstance(document, dict) or "verdict" not in document:
        raise InputError(f"--baseline: {file} is not a report.json of `mlops report`")
    return document


@contextmanager
def compared() -> Iterator[None]:
    """InputError where the other document lacks a value, or has one of another type."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"--baseline is not a report.json of `mlops report`: {error!r}") from error
