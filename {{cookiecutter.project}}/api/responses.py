"""Responses of the API to golden rows, and what a client must get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from api import settings
from api.golden import Golden
from api.hooks import CheckFailed
from api.predictions import Prediction

Read: TypeAlias = Callable[[str], list[Prediction]]


@dataclass(frozen=True)
class Response:
    """The response that a client gets; `model_version` is the release that made the prediction."""

    status: int
    body: str
    model_version: str


def require(name: str, request: str, response: Response, status: int) -> None:
    """Raise CheckFailed when the response has another status."""
    if response.status != status:
        raise CheckFailed(f"{name} answers {request} with {response.status}, must be {status}: {response.body[:300]}")


def compare(name: str, rows: Golden, response: Response, read_predictions: Read) -> bool:
    """Compare the predictions of this release with the golden rows, and return whether it is the one that responded.

    Another release shares the traffic as the challenger or during a shift: its model's predictions differ.
    """
    require(name, f"{len(rows.rows)} golden rows", response, 200)
    if response.model_version != settings.text("MODEL_VERSION"):
        return False
    rows.compare(name, read(name, response.body, read_predictions))
    return True


def read(name: str, body: str, read_predictions: Read) -> list[Prediction]:
    """The predictions of a body. Raises CheckFailed when it has none."""
    try:
        return read_predictions(body)
    except ValueError as error:
        raise CheckFailed(f"{name} answers no predictions to golden rows: {body[:300]!r} ({error})") from error
