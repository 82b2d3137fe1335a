"""A column of captured rows: its summary, and the values that have another type."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from mlops.container.kinds import FLOAT32_MAX, Feature, Number
from mlops.container.monitoring.payloads import Cell
from mlops.container.summaries import CategorySummary, NumberSummary, summary


class Column:
    """Fed with cells in batches. `mistyped` are cells that are neither missing nor of the feature's type."""

    def __init__(self, feature: Feature, *, whole: bool) -> None:
        """`whole`: an integer's cells must be whole. Predictions of an integer need not be."""
        self.feature = feature
        self.mistyped = 0
        self._unread = 0  # neither a number nor text, so not in the summary
        self.summary = summary(feature)
        self.whole = whole and isinstance(feature, Number) and feature.integer

    @property
    def name(self) -> str:
        return self.feature.name

    @property
    def count(self) -> int:
        """Cells, missing ones included."""
        return self.summary.present + self.summary.missing + self._unread

    def add(self, cells: Sequence[Cell]) -> None:
        if isinstance(self.summary, CategorySummary):
            self._add_texts(self.summary, cells)
        else:
            self._add_numbers(self.summary, cells)

    def _add_texts(self, column: CategorySummary, cells: Sequence[Cell]) -> None:
        counts = Counter(cells)
        missing = counts.pop("", 0)
        texts = [(value, count) for value, count in counts.items() if isinstance(value, str)]
        unread = len(cells) - missing - sum(count for _, count in texts)
        self._unread += unread
        self.mistyped += unread
        column.add(texts, missing)

    def _add_numbers(self, column: NumberSummary, cells: Sequence[Cell]) -> None:
        try:
            values = np.array([float(cell) if cell != "" else math.nan for cell in cells])  # type: ignore[arg-type]
        except (ValueError, TypeError, OverflowError):
            values = np.array([_number(cell) for cell in cells])
        missing = int(np.isnan(values).sum())
        # The model's matrix is float32; and sums of larger numbers would not be finite.
        read = values[np.abs(values) <= FLOAT32_MAX]
        unread, values = len(values) - missing - len(read), read
        self._unread += unread
        self.mistyped += unread
        if self.whole:
            self.mistyped += int((values % 1 != 0).sum())
        column.add(values, missing)


def _number(cell: Cell) -> float:
    """NaN for a missing number, infinity for what is none."""
    if cell == "":
        return math.nan
    try:
        return float(cell)  # type: ignore[arg-type]
    except (ValueError, TypeError, OverflowError):
        return math.inf
