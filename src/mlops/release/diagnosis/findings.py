"""The result of a check: what was found, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "problem", "unknown"]


@dataclass(frozen=True)
class Finding:
    """One result of a check. `unknown` is what could not be checked; `remedy` is empty where nothing is to do."""

    check: str
    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Result:
    """A finding before it has the name of its check."""

    state: State
    detail: str
    remedy: str = ""


Results = Iterator[Result]


def ok(detail: str) -> Result:
    return Result("ok", detail)


def problem(detail: str, remedy: str) -> Result:
    return Result("problem", detail, remedy)


def unknown(detail: str, remedy: str = "") -> Result:
    return Result("unknown", detail, remedy)
