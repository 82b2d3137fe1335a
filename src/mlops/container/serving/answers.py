"""Predictions as the body of a response, CSV or JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from mlops.container.serving.media import CSV

# Nine digits distinguish any two float32.
_NUMBER = "%.9g"


class Numbers:
    """A regression's predictions: a number per row."""

    allowed = "finite numbers"

    def can_be_written(self, predictions: Sequence[float]) -> bool:
        try:
            return math.isfinite(sum(predictions))
        except TypeError:
            return False

    def write(self, predictions: Sequence[float], media: str) -> bytes:
        if media == CSV:
            return ((_NUMBER + "\n") * len(predictions) % tuple(predictions)).encode()
        numbers = ", ".join([_NUMBER] * len(predictions)) % tuple(predictions)
        return f'{{"predictions": [{numbers}]}}'.encode()


class Labels:
    """A classification's predictions: the most probable label of each row; a tie goes to the first label."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._count = len(labels)
        self._csv = [label.replace("%", "%%") + f",{_NUMBER}\n" for label in labels]
        names = [json.dumps(label).replace("%", "%%") for label in labels]
        probabilities = ", ".join(f"{name}: {_NUMBER}" for name in names)
        self._json = [
            f'{{"label": {name}, "probability": {_NUMBER}, "probabilities": {{{probabilities}}}}}' for name in names
        ]
        self.allowed = f"{self._count} probabilities per row"

    def can_be_written(self, predictions: Sequence[Sequence[float]]) -> bool:
        try:
            return all(len(row) == self._count and math.isfinite(sum(row)) for row in predictions)
        except TypeError:
            return False

    def write(self, predictions: Sequence[Sequence[float]], media: str) -> bytes:
        best = [max(row) for row in predictions]
        chosen = [row.index(probability) for row, probability in zip(predictions, best, strict=True)]
        if media == CSV:
            form = "".join([self._csv[position] for position in chosen])
            return (form % tuple(best)).encode()
        rows = [
            self._json[position] % (probability, *row)
            for position, probability, row in zip(chosen, best, predictions, strict=True)
        ]
        return f'{{"predictions": [{", ".join(rows)}]}}'.encode()
