"""Ground truth that arrives after the predictions, joined with them by the record's inference id, else its event id.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlops import metrics
from mlops.container.kinds import FLOAT32_MAX, Category, Target
from mlops.container.monitoring.payloads import UNEXPECTED, Body, Predictions
from mlops.container.serving.media import CSV
from mlops.contract import ProblemType, problem_type
from mlops.errors import InputError

MOST_ROWS = 50_000
"""Of which predictions are held; with them the bootstrap of the metrics' deviations takes seconds."""
_MOST_PROBABILITIES = 10_000_000


class GroundTruth:
    """Predictions by the id of their record, then their ground truth: `expect` each record before `read`.

    `records` of ground truth were read, `unusable` of them could not be, and `elsewhere` are of no expected record.
    `beyond` are records with more predictions than are held.
    """

    def __init__(self, target: Target, most_rows: int = MOST_ROWS) -> None:
        self.records = self.unusable = self.elsewhere = self.beyond = 0
        self._target, self._problem = target, problem_type(target)
        self._labels = target.values if isinstance(target, Category) else ()
        self._positions = {label: position for position, label in enumerate(self._labels)}
        self._width = max(1, len(self._labels))
        self._most = min(most_rows, _MOST_PROBABILITIES // self._width)
        self._predicted = array("d")
        self._places: dict[str, range] = {}
        self._values: dict[str, tuple[float, ...]] = {}
        self._all_probabilities = True

    @property
    def expected(self) -> int:
        """Records whose predictions are held."""
        return len(self._places)

    @property
    def unlabelled(self) -> int:
        """Expected records without ground truth."""
        return len(self._places) - len(self._values)

    @property
    def rows(self) -> int:
        """Predictions with ground truth."""
        return sum(map(len, self._values.values()))

    def expect(self, key: Any, predictions: Predictions) -> None:
        """Hold the predictions of a record; the first record of an id counts."""
        if not isinstance(key, str) or not predictions.cells or key in self._places:
            return
        try:
            rows = [self._row(position, predictions) for position in range(len(predictions.cells))]
        except UNEXPECTED:
            return
        first = len(self._predicted) // self._width
        if first + len(rows) > self._most:
            self.beyond += 1
            return
        self._places[key] = range(first, first + len(rows))
        for row in rows:
            self._predicted.extend(row)

    def read(self, files: Iterable[Path]) -> None:
        for path in files:
            with path.open("rb") as file:
                for line in file:
                    if not line.isspace():
                        self.records += 1
                        self._add(line)

    def _add(self, line: bytes) -> None:
        try:
            record = json.loads(line)
            key = record["eventMetadata"]["eventId"]
            if not isinstance(key, str):
                raise TypeError("the id is no text")
            if key not in self._places:
                self.elsewhere += 1
                return
            values = self._read(Body.of(record["groundTruthData"]))
        except UNEXPECTED:
            self.unusable += 1
            return
        if len(values) != len(self._places[key]):
            self.unusable += 1
            return
        # A later record corrects an earlier one.
        self._values[key] = values

    def _read(self, body: Body) -> tuple[float, ...]:
        if body.media == CSV:
            # A value a line, or all in one: no label has a comma.
            found: Sequence[Any] = body.text.strip().replace("\r", "").replace("\n", ",").split(",")
        else:
            found = json.loads(body.text)
            found = found if isinstance(found, list) else [found]
        values = tuple(float(self._positions[value] if self._labels else value) for value in found)
        if not all(abs(value) <= FLOAT32_MAX for value in values):
            raise ValueError("not a finite number")
        return values

    def _row(self, position: int, predictions: Predictions) -> Sequence[float]:
        """A prediction: its number, or the probabilities of all labels."""
        cell = predictions.cells[position]
        if not self._labels:
            value = float(cell)  # type: ignore[arg-type]
            if not abs(value) <= FLOAT32_MAX:
                raise ValueError("not a finite number")
            return (value,)
        given = predictions.probabilities[position]
        if isinstance(given, Mapping):
            return _shares([float(given[label]) for label in self._labels])
        # CSV has the probability of the predicted label alone; what is left is shared by the others.
        self._all_probabilities = self._all_probabilities and len(self._labels) == 2
        rest = (1 - given) / (len(self._labels) - 1)
        row = [rest] * len(self._labels)
        row[self._positions[cell]] = max(given, rest)  # type: ignore[index]
        return _shares(row)

    def quality(self) -> tuple[dict[str, Any] | None, str]:
        """statistics.json of the model's quality, or None and the reason."""
        if not self._values:
            return None, "no prediction has ground truth"
        labelled = [(place, self._values[key]) for key, place in self._places.items() if key in self._values]
        actual = np.array([value for _, values in labelled for value in values])
        rows = np.fromiter((row for place, _ in labelled for row in place), dtype=int, count=len(actual))
        predicted = np.array(self._predicted).reshape(-1, self._width)[rows]
        if self._labels:
            actual = actual.astype(int)
        else:
            predicted = predicted[:, 0]
        try:
            group: dict[str, Any] = dict(metrics.describe(self._problem, actual, predicted))
        except InputError as error:
            return None, str(error)
        if not self._all_probabilities:
            del group["log_loss"]
        if self._problem is not ProblemType.REGRESSION:
            group["confusion_matrix"] = metrics.confusion_matrix(actual, predicted, self._labels)
        statistics = {"version": 0, "dataset": {"item_count": self.rows}, metrics.GROUPS[self._problem]: group}
        return statistics, ""

    def values(self, statistics: Mapping[str, Any]) -> dict[str, float]:
        """The metrics of model_quality_statistics.json without their deviations."""
        group = statistics[metrics.GROUPS[self._problem]]
        return {name: group[name]["value"] for name in metrics.METRICS[self._problem] if name in group}


def _shares(row: list[float]) -> list[float]:
    if not all(0 <= share <= 1 for share in row) or not sum(row):
        raise ValueError("not probabilities")
    return row
