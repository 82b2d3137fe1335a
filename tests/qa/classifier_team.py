"""Another team's repository: a classifier whose predictions are those of the endpoint in `endpoint.classifier`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from endpoint import LABELS, OUTCOME, probabilities
from release import evaluation

from mlops.container.schema import save_schema
from mlops.contract import Number, ProblemType

_FEATURES = """
from mlops.contract import Category, Number

TARGET = Category("outcome", {labels!r})
FEATURES = (Number("duration_minutes"), Number("passenger_count"), Number("trip_distance"))
"""
_PREDICTOR = """
import math

from mlops.container.schema import load_schema


class Predictor:
    def __init__(self, directory):
        self.features, self.target = load_schema(directory)
        self.middle = float((directory / "middle.txt").read_text())

    def predict(self, rows):
        high = [1 / (1 + math.exp((self.middle - sum(row)) / 10)) for row in rows.to_numpy().tolist()]
        return [(1 - each, each) for each in high]
"""
_HYPERPARAMETERS = """
MOST_INSTANCES = 1


def problems(given):
    return {}
"""


def write_model_code(root: Path) -> None:
    """Write `model/` into a repository."""
    (root / "model").mkdir()
    files = {
        "__init__": "",
        "features": _FEATURES.format(labels=LABELS),
        "predictor": _PREDICTOR,
        "hyperparameters": _HYPERPARAMETERS,
    }
    for name, text in files.items():
        (root / "model" / f"{name}.py").write_text(text)


def trained(directory: Path) -> Path:
    """Write the files of a trained model."""
    directory.mkdir()
    features = [Number(name) for name in ("duration_minutes", "passenger_count", "trip_distance")]
    save_schema(directory, features, OUTCOME)
    (directory / "middle.txt").write_text("53.75")
    return directory


def classification() -> tuple[str, dict[str, Any]]:
    """A test set with five labels that the model predicts wrongly, and its evaluation."""
    actual = [int(n > 50 or n % 10 == 0) for n in range(1, 101)]
    lines = [f"{LABELS[position]},{n},1,2.5" for n, position in enumerate(actual, start=1)]
    test = "\n".join(["outcome,duration_minutes,passenger_count,trip_distance", *lines]) + "\n"
    predicted = [probabilities(n + 3.5) for n in range(1, 101)]
    return test, evaluation(ProblemType.BINARY_CLASSIFICATION, actual, predicted)
