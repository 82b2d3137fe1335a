"""A KLL sketch: the distribution of any number of values in bounded memory, in the form of Model Monitor's statistics.

An item of level n represents 2^n values. A level above its capacity is sorted, and every second item moves up, which
keeps the quantiles: ranks are off by about 0.1 % of the values.
Karnin, Lang, Liberty: Optimal Quantile Approximation in Streams, FOCS 2016.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

# The capacity of the top level, and its ratio to that of the level below.
_ITEMS = 2048
_RATIO = 0.64
_LEAST_ITEMS = 8


class Sketch:
    """Values are added in batches; all must be finite."""

    def __init__(self, levels: Sequence[Sequence[float]] = ()) -> None:
        self._levels = [np.array(level, float) for level in levels] or [np.empty(0)]
        self._odd = [height % 2 for height in range(len(self._levels))]

    @property
    def count(self) -> int:
        """How many values were added."""
        return sum(len(level) << height for height, level in enumerate(self._levels))

    @property
    def items(self) -> int:
        """How many of them are kept."""
        return sum(map(len, self._levels))

    def add(self, values: np.ndarray) -> None:
        self._levels[0] = np.concatenate([self._levels[0], values])
        height = 0
        while height < len(self._levels):
            if len(self._levels[height]) > self._capacity(height):
                self._compact(height)
            height += 1

    def weighted(self) -> tuple[np.ndarray, np.ndarray]:
        """The items in order, and how many values each represents."""
        items = np.concatenate(self._levels)
        weights = np.repeat(2.0 ** np.arange(len(self._levels)), [len(level) for level in self._levels])
        order = np.argsort(items, kind="stable")
        return items[order], weights[order]

    def listed(self) -> tuple[list[float], list[float]]:
        """The result of `weighted` as lists."""
        items, weights = self.weighted()
        return items.tolist(), weights.tolist()

    def not_above(self, points: np.ndarray) -> np.ndarray:
        """For each point, the share of the values that are not above it."""
        items, weights = self.weighted()
        cumulated = np.concatenate([[0.0], np.cumsum(weights)])
        return cumulated[np.searchsorted(items, points, side="right")] / cumulated[-1]

    def quantile(self, share: float) -> float:
        """The smallest item such that at least this share of the values is not above it."""
        items, weights = self.weighted()
        cumulated = np.cumsum(weights)
        return float(items[min(np.searchsorted(cumulated, share * cumulated[-1]), len(items) - 1)])

    def histogram(self, edges: np.ndarray) -> np.ndarray:
        """How many values are between each two edges; the last interval includes its upper edge."""
        items, weights = self.weighted()
        return np.histogram(items, edges, weights=weights)[0].astype(int)

    def described(self) -> dict[str, Any]:
        """The sketch in the form of statistics.json."""
        return {
            "parameters": {"c": _RATIO, "k": float(_ITEMS)},
            "data": [level.tolist() for level in self._levels],
        }

    def _capacity(self, height: int) -> int:
        return max(_LEAST_ITEMS, math.ceil(_ITEMS * _RATIO ** (len(self._levels) - 1 - height)))

    def _compact(self, height: int) -> None:
        if height + 1 == len(self._levels):
            self._levels.append(np.empty(0))
            self._odd.append(len(self._odd) % 2)
        items = np.sort(self._levels[height])
        paired = len(items) - len(items) % 2
        promoted = items[self._odd[height] : paired : 2]
        # Alternating halves: what one compaction ranks too high, the next ranks too low.
        self._odd[height] = 1 - self._odd[height]
        self._levels[height] = items[paired:]
        self._levels[height + 1] = np.concatenate([self._levels[height + 1], promoted])
