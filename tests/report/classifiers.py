"""Small classifiers, trained with numpy, and the files of their evaluation jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops import metrics
from mlops.container.programs import evaluate
from mlops.contract import Category, ProblemType


@dataclass(frozen=True)
class Evaluated:
    """evaluation.json and predictions.csv, and the arrays behind them: positions of labels, probabilities."""

    evaluation: dict[str, Any]
    predictions: str
    labels: list[str]
    actual: np.ndarray
    probabilities: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        return self.probabilities.argmax(axis=1)


def binary() -> Evaluated:
    """A classifier of passengers who tip, one in four, and passengers who do not."""
    frequency = np.array([0.75, 0.25])
    return _evaluated(ProblemType.BINARY_CLASSIFICATION, ["no tip", "tip"], frequency, rows=4000, distance=1.1)


def multiclass(labels: Sequence[str]) -> Evaluated:
    """A classifier of these labels, from frequent to rare."""
    frequency = 1 / np.arange(2, len(labels) + 2)
    frequency /= frequency.sum()
    return _evaluated(ProblemType.MULTICLASS_CLASSIFICATION, list(labels), frequency, rows=6000, distance=1.3)


def hundred() -> Evaluated:
    """A classifier of 100 labels of different lengths."""
    areas = ("Harlem", "Astoria", "Park Slope", "Upper East Side South", "Williamsburg", "SoHo", "JFK Airport")
    return multiclass([f"{areas[number % len(areas)]} {number + 1}" for number in range(100)])


def _evaluated(problem: ProblemType, labels: list[str], frequency: np.ndarray, rows: int, distance: float) -> Evaluated:
    draw = np.random.default_rng(2019)
    centres = draw.normal(0, distance, (len(labels), 6))
    actual, features = _sample(draw, centres, frequency, rows)
    known, known_features = _sample(draw, centres, frequency, 3 * rows)
    probabilities = _train_and_predict(known, known_features, features, len(labels))
    # The model in production has fewer features.
    production = _train_and_predict(known, known_features[:, :4], features[:, :4], len(labels))
    evaluation = {
        **evaluate.describe(Category("label", tuple(labels)), actual, probabilities),
        "production": {metrics.GROUPS[problem]: metrics.describe(problem, actual, production)},
    }
    return Evaluated(evaluation, _table(actual, probabilities, production, labels), labels, actual, probabilities)


def _sample(
    draw: np.random.Generator, centres: np.ndarray, frequency: np.ndarray, rows: int
) -> tuple[np.ndarray, np.ndarray]:
    actual = draw.choice(len(centres), rows, p=frequency)
    return actual, centres[actual] + draw.normal(0, 1, (rows, centres.shape[1]))


def _train_and_predict(actual: np.ndarray, features: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """Discriminant analysis with a unit covariance: the posterior of each label for `rows`."""
    occurrences = np.bincount(actual, minlength=count)
    sums = np.stack([np.bincount(actual, column, count) for column in features.T], axis=1)
    centres = sums / np.maximum(1, occurrences)[:, None]
    distances = ((rows[:, None, :] - centres[None]) ** 2).sum(axis=2)
    scores = np.log((occurrences + 1) / (len(actual) + count)) - distances / 2
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _table(actual: np.ndarray, probabilities: np.ndarray, production: np.ndarray, labels: Sequence[str]) -> str:
    rows = zip(actual, probabilities.argmax(axis=1), probabilities.max(axis=1), production.argmax(axis=1), strict=True)
    lines = [f"{labels[one]},{labels[other]},{share:.6f},{labels[before]}" for one, other, share, before in rows]
    return "\n".join(["actual,predicted,probability,production", *lines]) + "\n"
