"""Reads and compares predictions: each is a number, or a label with its probability.

The functions of api/ run without this package: api/predictions.py is a copy of this file.
"""

from __future__ import annotations

import csv
import json
import math
from typing import NotRequired, TypeAlias, TypedDict


class Classified(TypedDict):
    """The predicted label. `ties` are labels whose probability differs by less than the tolerance: rounding decides."""

    label: str
    probability: float
    ties: NotRequired[list[str]]


Prediction: TypeAlias = float | Classified


def deviation(prediction: Prediction, expected: Prediction) -> float:
    """How far a prediction is from the expected one; infinite if the two are not comparable.

    Numbers: relative to the expected one (to 1 where that is smaller). Labels: the difference of their probabilities,
    infinite for another label unless the two are tied.
    """
    if isinstance(prediction, dict) and isinstance(expected, dict):
        if prediction["label"] not in (expected["label"], *expected.get("ties", ())):
            return math.inf
        difference, scale = abs(prediction["probability"] - expected["probability"]), 1.0
    elif isinstance(prediction, dict) or isinstance(expected, dict):
        return math.inf
    else:
        difference, scale = abs(prediction - expected), max(1.0, abs(expected))
    return difference / scale if math.isfinite(difference) else math.inf


def from_csv(body: str) -> list[Prediction]:
    """The predictions of a CSV response: per line a number, or a label and its probability. Raises ValueError."""
    return [_from_cells(cells) for cells in csv.reader(body.splitlines()) if cells]


def from_json(body: str) -> list[Prediction]:
    """The predictions of a JSON response. Raises ValueError."""
    try:
        return [_from_value(value) for value in json.loads(body)["predictions"]]
    except (TypeError, KeyError) as error:
        raise ValueError(f"not an answer with predictions: {error!r}") from error


def shown(prediction: Prediction) -> str:
    """A prediction as text in messages."""
    if isinstance(prediction, dict):
        return f"{prediction['label']} ({prediction['probability']:g})"
    return f"{prediction:g}"


def _from_cells(cells: list[str]) -> Prediction:
    if len(cells) == 1:
        return float(cells[0])
    label, probability = cells
    return {"label": label, "probability": float(probability)}


def _from_value(value: object) -> Prediction:
    if isinstance(value, dict):
        return {"label": str(value["label"]), "probability": float(value["probability"])}
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a prediction")
    return float(value)
