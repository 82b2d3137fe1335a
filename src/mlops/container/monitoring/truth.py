"""Ground truth that arrived after the predictions, joined with them by the record's inference id, else its event id.

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
"""Of which ground truth is held; with it the bootstrap of the metrics' deviations takes seconds."""
_MOST_PROBABILITIES = 10_000_000


class GroundTruth:
    """`records` were read, `unusable` of them could not be, and `beyond` were more than is held.

    Values are held by id until their record comes by; then both become a row of the model's quality.
    """

    def __init__(self, target: Target, most_rows: int = MOST_ROWS) -> None:
        self.records = self.unusable = self.beyond = 0
        self._target, self._problem = target, problem_type(target)
        self._labels = target.values if isinstance(target, Category) else ()
        self._positions = {label: position for position, label in enumerate(self._labels)}
        self._most = min(most_rows, _MOST_PROBABILITIES // max(1, len(self._labels)))
        self._held = 0
        self._values: dict[str, tuple[float, ...]] = {}
        self._actual, self._predicted = array("d"), array("d")
        self._all_probabilities = True

    @property
    def rows(self) -> int:
        """Predictions with ground truth."""
        return len(self._actual)

    @property
    def waiting(self) -> int:
        """Records of ground truth whose prediction was not captured."""
        return len(self._values)

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
            key, values = record["eventMetadata"]["eventId"], self._read(Body.of(record["groundTruthData"]))
        except UNEXPECTED:
            self.unusable += 1
            return
        if not isinstance(key, str) or not values:
            self.unusable += 1
            return
        # A later record corrects an earlier one.
        held = self._held - len(self._values.get(key, ())) + len(values)
        if held > self._most:
            self.beyond += 1
            return
        self._held = held
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

    def join(self, key: Any, predictions: Predictions) -> None:
        """Keep the predictions if their ground truth is known; the first record of an id counts."""
        if not isinstance(key, str) or key not in self._values or not predictions.cells:
            return
        values = self._values[key]
        if len(values) != len(predictions.cells):
            return
        try:
            rows = [self._row(position, predictions) for position in range(len(values))]
        except UNEXPECTED:
            return
        del self._values[key]
        self._actual.extend(values)
        for row in rows:
            self._predicted.extend(row)

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
        """model_quality_statistics.json, or None and the reason."""
        if not self.rows:
            return None, "no prediction has ground truth"
        actual, predicted = np.array(self._actual), np.array(self._predicted)
        if self._labels:
            actual, predicted = actual.astype(int), predicted.reshape(-1, len(self._labels))
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
