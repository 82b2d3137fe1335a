"""The metrics of each problem type: their direction, their range, and how they are computed.

Computed with numpy: scikit-learn gives the same values (a test compares them), but with scipy it would add 130 MB to an
image that may need neither, and it would sort the rows again for each resample of the bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mlops.contract import ProblemType
from mlops.errors import InputError

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 300  # the relative error of the standard deviations is then about 4 %
MOST_CURVE_POINTS = 101
MOST_CURVES = 10
CALIBRATION_BINS = 10
_SEED = 2019


@dataclass(frozen=True)
class Metric:
    """A metric's direction, and the range of its values; None for no bound."""

    goal: Literal["Minimize", "Maximize"]
    minimum: float | None
    maximum: float | None

    @property
    def lower_is_better(self) -> bool:
        return self.goal == "Minimize"


_ERROR = Metric("Minimize", 0.0, None)
_SHARE = Metric("Maximize", 0.0, 1.0)
METRICS: dict[ProblemType, dict[str, Metric]] = {
    ProblemType.REGRESSION: {"rmse": _ERROR, "mae": _ERROR, "mse": _ERROR, "r2": Metric("Maximize", None, 1.0)},
    ProblemType.BINARY_CLASSIFICATION: {
        **dict.fromkeys(("accuracy", "precision", "recall", "f1", "auc", "average_precision"), _SHARE),
        "log_loss": _ERROR,
        "brier_score": Metric("Minimize", 0.0, 1.0),
    },
    ProblemType.MULTICLASS_CLASSIFICATION: {
        **dict.fromkeys(
            ("accuracy", "balanced_accuracy", "weighted_precision", "weighted_recall", "weighted_f1", "macro_f1"),
            _SHARE,
        ),
        "log_loss": _ERROR,
    },
}
GROUPS: dict[ProblemType, str] = {
    ProblemType.REGRESSION: "regression_metrics",
    ProblemType.BINARY_CLASSIFICATION: "binary_classification_metrics",
    ProblemType.MULTICLASS_CLASSIFICATION: "multiclass_classification_metrics",
}
"""Keys of evaluation.json, as SageMaker names them."""


def compute(problem: ProblemType, actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Every metric of the problem type.

    Regression: both are numbers, one per row. Classification: `actual` are positions of labels, `predicted` is the
    matrix of probabilities, rows × labels; of two labels, the second is the positive one. Raises InputError for a
    binary classification whose rows all have the same label: auc and others are undefined.
    """
    import numpy as np

    return _scores(problem, actual, predicted).at(np.ones(len(actual)))


def describe(problem: ProblemType, actual: np.ndarray, predicted: np.ndarray) -> dict[str, dict[str, float]]:
    """Every metric of the problem type, as `{metric: {"value", "standard_deviation"}}`.

    The standard deviations are those of the metric over test sets drawn from this one with replacement (bootstrap).
    The draws do not depend on the predictions, so the metrics of two models are comparable.
    """
    import numpy as np

    scores, rows = _scores(problem, actual, predicted), len(actual)
    draw = np.random.default_rng(_SEED)
    resampled = []
    for _ in range(RESAMPLES):
        weights = np.bincount(draw.integers(0, rows, rows), minlength=rows).astype(float)
        # A resample of a few rows may have only one label.
        if scores.can_be_computed(weights):
            resampled.append(list(scores.at(weights).values()))
    deviations = np.std(resampled, axis=0, ddof=1) if len(resampled) > 1 else np.zeros(len(METRICS[problem]))
    return {
        name: {"value": value, "standard_deviation": float(deviation)}
        for (name, value), deviation in zip(scores.at(np.ones(rows)).items(), deviations, strict=True)
    }


def confusion_matrix(actual: np.ndarray, predicted: np.ndarray, labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """`{actual label: {predicted label: rows}}`, for positions of labels and probabilities."""
    counts = _Confusion(actual, predicted).at(None).astype(int).tolist()
    return {label: dict(zip(labels, row, strict=True)) for label, row in zip(labels, counts, strict=True)}


def curves(
    problem: ProblemType, actual: np.ndarray, predicted: np.ndarray, labels: Sequence[str]
) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Receiver operating characteristic and precision-recall curve by label, with at most 101 points each.

    Binary: of the positive label. Multiclass: of each of the ten most frequent labels against the rest.
    """
    import numpy as np

    if problem is ProblemType.BINARY_CLASSIFICATION:
        positions = [1]
    else:
        counts = np.bincount(actual, minlength=len(labels))
        frequent = np.argsort(-counts, kind="stable")[:MOST_CURVES].tolist()
        # A curve needs rows of the label and of others.
        positions = [position for position in frequent if 0 < counts[position] < len(actual)]
    operating, precision = {}, {}
    for position in positions:
        ranking = _Ranking(actual == position, predicted[:, position])
        hits, alarms = ranking.cumulated(np.ones(len(actual)))
        true_rates, false_rates = hits / hits[-1], alarms / alarms[-1]
        kept = _spread(false_rates, true_rates)
        operating[labels[position]] = {
            "false_positive_rates": false_rates[kept].tolist(),
            "true_positive_rates": true_rates[kept].tolist(),
        }
        recalls, precisions = true_rates[1:], hits[1:] / (hits[1:] + alarms[1:])
        kept = _spread(recalls, precisions)
        precision[labels[position]] = {"precisions": precisions[kept].tolist(), "recalls": recalls[kept].tolist()}
    return {"receiver_operating_characteristic_curves": operating, "precision_recall_curves": precision}


def calibration(problem: ProblemType, actual: np.ndarray, predicted: np.ndarray) -> dict[str, list[Any]]:
    """Mean `predicted` probability, share of rows `observed`, and `rows`, in up to ten bins of equal width.

    Binary: of the positive label. Multiclass: of each row's predicted label. Bins without rows are left out.
    """
    import numpy as np

    if problem is ProblemType.BINARY_CLASSIFICATION:
        probabilities, happened = predicted[:, 1], actual == 1
    else:
        chosen = predicted.argmax(axis=1)
        probabilities, happened = predicted[np.arange(len(chosen)), chosen], actual == chosen
    bins = np.minimum((probabilities * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    rows = np.bincount(bins, minlength=CALIBRATION_BINS)
    kept = rows > 0
    means = [
        (np.bincount(bins, values, CALIBRATION_BINS)[kept] / rows[kept]).tolist()
        for values in (probabilities, happened)
    ]
    return {"predicted": means[0], "observed": means[1], "rows": rows[kept].tolist()}


class _Scores(Protocol):
    """The metrics of one set of predictions, with a weight per row: how often a resample of the bootstrap drew it."""

    def can_be_computed(self, weights: np.ndarray) -> bool: ...

    def at(self, weights: np.ndarray) -> dict[str, float]: ...


def _scores(problem: ProblemType, actual: np.ndarray, predicted: np.ndarray) -> _Scores:
    import numpy as np

    if problem is ProblemType.REGRESSION:
        return _Regression(actual.astype(float), predicted.astype(float))
    predicted = predicted.astype(float)
    if problem is ProblemType.MULTICLASS_CLASSIFICATION:
        return _Multiclass(actual, predicted)
    if (labels := len(np.unique(actual))) != 2:
        raise InputError(f"the test set has rows of {labels} label; allowed are rows of both")
    return _Binary(actual, predicted)


class _Regression:
    def __init__(self, actual: np.ndarray, predicted: np.ndarray) -> None:
        import numpy as np

        error = actual - predicted
        # Centred: the variance of large values loses its digits otherwise.
        centred = actual - actual.mean()
        # All metrics are computed from the means of these four.
        self._terms = np.column_stack([error**2, np.abs(error), centred, centred**2])

    def can_be_computed(self, weights: np.ndarray) -> bool:
        return True

    def at(self, weights: np.ndarray) -> dict[str, float]:
        squared, absolute, value, squared_value = (weights @ self._terms / weights.sum()).tolist()
        variance = squared_value - value**2
        # r2 is undefined when all values are the same; 0 in its place.
        explained = 1 - squared / variance if variance > 0 else 0.0
        return {"rmse": squared**0.5, "mae": absolute, "mse": squared, "r2": explained}


class _Binary:
    def __init__(self, actual: np.ndarray, predicted: np.ndarray) -> None:
        positive = actual == 1
        self._confusion = _Confusion(actual, predicted)
        self._ranking = _Ranking(positive, predicted[:, 1])
        self._log_loss = _log_losses(actual, predicted)
        self._squares = (predicted[:, 1] - positive) ** 2
        self._positive = positive.astype(float)

    def can_be_computed(self, weights: np.ndarray) -> bool:
        return bool(0 < weights @ self._positive < weights.sum())

    def at(self, weights: np.ndarray) -> dict[str, float]:
        (right_no, false_alarms), (missed, hits) = self._confusion.at(weights).tolist()
        rows = weights.sum()
        precision, recall = _ratio(hits, hits + false_alarms), _ratio(hits, hits + missed)
        area, average = self._ranking.areas(weights)
        return {
            "accuracy": (right_no + hits) / rows,
            "precision": precision,
            "recall": recall,
            "f1": _ratio(2 * hits, 2 * hits + false_alarms + missed),
            "auc": area,
            "average_precision": average,
            "log_loss": float(weights @ self._log_loss / rows),
            "brier_score": float(weights @ self._squares / rows),
        }


class _Multiclass:
    def __init__(self, actual: np.ndarray, predicted: np.ndarray) -> None:
        self._confusion = _Confusion(actual, predicted)
        self._log_loss = _log_losses(actual, predicted)

    def can_be_computed(self, weights: np.ndarray) -> bool:
        return True

    def at(self, weights: np.ndarray) -> dict[str, float]:
        import numpy as np

        counts = self._confusion.at(weights)
        rows, hits, actual, predicted = counts.sum(), counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
        precisions, recalls = hits / np.maximum(predicted, 1), hits / np.maximum(actual, 1)
        # Labels that neither occur nor are predicted have no f1.
        seen = actual + predicted > 0
        f1 = 2 * hits / np.maximum(actual + predicted, 1)
        return {
            "accuracy": float(hits.sum() / rows),
            "balanced_accuracy": float(recalls[actual > 0].mean()),
            "weighted_precision": float(actual @ precisions / rows),
            "weighted_recall": float(actual @ recalls / rows),
            "weighted_f1": float(actual @ f1 / rows),
            "macro_f1": float(f1[seen].mean()),
            "log_loss": float(weights @ self._log_loss / rows),
        }


class _Confusion:
    """Counts of actual × predicted labels. In a tie of probabilities, the first label is the predicted one."""

    def __init__(self, actual: np.ndarray, predicted: np.ndarray) -> None:
        self._labels = predicted.shape[1]
        self._cells = actual * self._labels + predicted.argmax(axis=1)

    def at(self, weights: np.ndarray | None) -> np.ndarray:
        import numpy as np

        return np.bincount(self._cells, weights, self._labels**2).reshape(self._labels, self._labels)


class _Ranking:
    """Rows from the highest score to the lowest; rows with equal scores share one threshold."""

    def __init__(self, positive: np.ndarray, scores: np.ndarray) -> None:
        import numpy as np

        self._order = np.argsort(-scores, kind="stable")
        self._positive = positive[self._order]
        self._ends = np.append(np.flatnonzero(np.diff(scores[self._order])), len(scores) - 1)

    def cumulated(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of positive and of other rows at or above each threshold, starting with no rows."""
        import numpy as np

        weights = weights[self._order]
        hits = np.cumsum(weights * self._positive)[self._ends]
        alarms = np.cumsum(weights * ~self._positive)[self._ends]
        return np.concatenate([[0.0], hits]), np.concatenate([[0.0], alarms])

    def areas(self, weights: np.ndarray) -> tuple[float, float]:
        """Area under the receiver operating characteristic, and average precision."""
        import numpy as np

        hits, alarms = self.cumulated(weights)
        area = np.sum(np.diff(alarms) * (hits[1:] + hits[:-1])) / (2 * hits[-1] * alarms[-1])
        average = np.sum(np.diff(hits) * hits[1:] / np.maximum(hits[1:] + alarms[1:], 1)) / hits[-1]
        return float(area), float(average)


def _log_losses(actual: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """-log of each actual label's probability, at least 2e-16: a single zero would make the metric infinite."""
    import numpy as np

    likely = predicted[np.arange(len(actual)), actual] / predicted.sum(axis=1)
    return -np.log(np.maximum(likely, np.finfo(float).eps))


def _ratio(share: float, whole: float) -> float:
    return share / whole if whole else 0.0


def _spread(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Positions of at most MOST_CURVE_POINTS points, spread evenly along the curve, with both ends."""
    import numpy as np

    if len(x) <= MOST_CURVE_POINTS:
        return np.arange(len(x))
    length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    points = np.searchsorted(length, np.linspace(0, length[-1], MOST_CURVE_POINTS))
    return np.unique(np.append(points[:-1], len(x) - 1))
