"""The evaluation of a classifier as page and Markdown show it: labels, mistakes, curves, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from mlops.contract import ProblemType
from mlops.report import metrics

# The number of labels that fit a page; the less frequent ones are summed up.
_LABELS = 10
_CONFUSIONS = 8

Matrix = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Label:
    """Rows of one label, or of `count` labels together; then `name` is ""."""

    name: str
    rows: int
    predicted: int
    correct: int
    roc_area: float | None = None
    precision_recall_area: float | None = None
    count: int = 1

    @property
    def title(self) -> str:
        return self.name if self.count == 1 else f"{self.count} others"

    @property
    def recall(self) -> float | None:
        return self.correct / self.rows if self.rows else None

    @property
    def precision(self) -> float | None:
        return self.correct / self.predicted if self.predicted else None

    @property
    def f1(self) -> float | None:
        if not self.rows + self.predicted:
            return None
        return 2 * self.correct / (self.rows + self.predicted)


@dataclass(frozen=True)
class Confusion:
    """Rows of one label that were predicted as another one; `share` is of the rows of the actual label."""

    actual: str
    predicted: str
    rows: int
    share: float


@dataclass(frozen=True)
class Curve:
    """One label against all others; `points` go from left to right."""

    label: str
    points: list[tuple[float, float]]
    area: float


@dataclass(frozen=True)
class Table:
    """The confusion matrix in a size that fits a page: `cells[actual][predicted]` are rows.

    The last row and column can be a rest of several labels; `rest_correct` rows of its own cell are correct.
    """

    labels: list[Label]
    cells: list[list[int]]
    rest_correct: int


@dataclass(frozen=True)
class Classification:
    """The report's data of a classifier except its metrics. `labels` counts all labels, `named` those in `table`."""

    labels: int
    positive: str | None
    table: Table | None
    confusions: list[Confusion]
    roc: list[Curve]
    precision_recall: list[Curve]
    prevalence: float | None
    calibration: list[tuple[float, float, int]]

    @property
    def named(self) -> int:
        return sum(label.count == 1 for label in self.table.labels) if self.table else 0

    @property
    def calibration_error(self) -> float | None:
        """The mean distance of predicted probability and observed share, weighted by rows."""
        total = sum(rows for *_, rows in self.calibration)
        if not total:
            return None
        return sum(abs(predicted - observed) * rows for predicted, observed, rows in self.calibration) / total


def read(evaluation: dict[str, Any] | None) -> Classification | None:
    """None for a regression, and without an evaluation."""
    problem = metrics.problem_type(evaluation)
    if evaluation is None or problem is ProblemType.REGRESSION:
        return None
    group = metrics.group(evaluation)
    matrix: Matrix = group.get("confusion_matrix", {})
    labels = [str(label) for label in evaluation["labels"]]
    binary = problem is ProblemType.BINARY_CLASSIFICATION
    roc = [_roc(*curve) for curve in group.get("receiver_operating_characteristic_curves", {}).items()]
    precision_recall = [_precision_recall(*curve) for curve in group.get("precision_recall_curves", {}).items()]
    return Classification(
        labels=len(labels),
        positive=labels[1] if binary else None,
        table=_table(matrix, labels, roc, precision_recall) if matrix else None,
        confusions=[] if binary else _confusions(matrix),
        roc=roc,
        precision_recall=precision_recall,
        prevalence=_prevalence(matrix, labels[1]) if binary and matrix else None,
        calibration=_calibration(group.get("calibration", {})),
    )


def weakest(curves: Sequence[Curve]) -> Curve:
    """The curve with the smallest area."""
    return min(curves, key=lambda curve: curve.area)


def _table(matrix: Matrix, labels: Sequence[str], roc: Sequence[Curve], precision_recall: Sequence[Curve]) -> Table:
    kept = _most_frequent(matrix, labels)
    rest = [label for label in labels if label not in set(kept)]
    groups = [*([label] for label in kept), *([rest] if rest else [])]
    cells = [[_count(matrix, actual, predicted) for predicted in groups] for actual in groups]
    roc_areas = {curve.label: curve.area for curve in roc}
    areas = {curve.label: curve.area for curve in precision_recall}
    shown = [
        Label(
            name=group[0] if len(group) == 1 else "",
            rows=sum(cells[position]),
            predicted=sum(row[position] for row in cells),
            correct=sum(matrix.get(label, {}).get(label, 0) for label in group),
            roc_area=roc_areas.get(group[0]) if len(group) == 1 else None,
            precision_recall_area=areas.get(group[0]) if len(group) == 1 else None,
            count=len(group),
        )
        for position, group in enumerate(groups)
    ]
    return Table(shown, cells, shown[-1].correct if rest else 0)


def _most_frequent(matrix: Matrix, labels: Sequence[str]) -> list[str]:
    """All labels in their own order where they fit, else the most frequent ones first."""
    if len(labels) <= _LABELS + 1:
        return list(labels)
    return sorted(labels, key=lambda label: -sum(matrix.get(label, {}).values()))[:_LABELS]


def _count(matrix: Matrix, actual: Sequence[str], predicted: Sequence[str]) -> int:
    return sum(matrix.get(one, {}).get(other, 0) for one in actual for other in predicted)


def _confusions(matrix: Matrix) -> list[Confusion]:
    """The most frequent mistakes."""
    confusions = [
        Confusion(actual, predicted, rows, rows / sum(row.values()))
        for actual, row in matrix.items()
        for predicted, rows in row.items()
        if rows and actual != predicted
    ]
    return sorted(confusions, key=lambda each: (-each.rows, each.actual, each.predicted))[:_CONFUSIONS]


def _prevalence(matrix: Matrix, label: str) -> float | None:
    total = sum(sum(row.values()) for row in matrix.values())
    return sum(matrix.get(label, {}).values()) / total if total else None


def _roc(label: str, curve: dict[str, list[float]]) -> Curve:
    points = sorted(zip(curve["false_positive_rates"], curve["true_positive_rates"], strict=True))
    area = sum((right - left) * (low + high) / 2 for (left, low), (right, high) in pairwise(points))
    return Curve(label, points, area)


def _precision_recall(label: str, curve: dict[str, list[float]]) -> Curve:
    """Its area is the average precision: each step of recall at the precision that it was reached with."""
    pairs = zip(curve["recalls"], curve["precisions"], strict=True)
    points = sorted(pairs, key=lambda point: (point[0], -point[1]))
    if points and points[0][0] > 0:
        points.insert(0, (0.0, points[0][1]))
    area = sum((right - left) * precision for (left, _), (right, precision) in pairwise(points))
    return Curve(label, points, area)


def _calibration(curve: dict[str, Any]) -> list[tuple[float, float, int]]:
    """Predicted probability, observed share and rows of each bin that has rows."""
    if not curve:
        return []
    bins = zip(curve["predicted"], curve["observed"], curve["rows"], strict=True)
    return [(predicted, observed, rows) for predicted, observed, rows in bins if rows]
