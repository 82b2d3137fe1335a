"""What is known of a column of any length, in bounded memory, and its entry in Model Monitor's statistics.json.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-statistics.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from mlops.container.kinds import Category, Feature, Number
from mlops.container.sketch import Sketch

_BUCKETS = 10
# Of values that are not the feature's: clients may send anything.
MOST_UNKNOWN_VALUES = 100
MOST_LETTERS = 100


class NumberSummary:
    """Moments and distribution of numbers."""

    def __init__(self, feature: Number) -> None:
        self.name = feature.name
        self.inferred_type = "Integral" if feature.integer else "Fractional"
        self.present = self.missing = 0
        self.sketch = Sketch()
        self._mean = self._squares = self._sum = 0.0
        self._low, self._high = np.inf, -np.inf

    def add(self, values: np.ndarray, missing: int) -> None:
        """`values` are finite numbers."""
        self.missing += missing
        if not len(values):
            return
        # Moments of two parts: Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm, 1979.
        before, mean = self.present, float(values.mean())
        self.present += len(values)
        difference = mean - self._mean
        self._mean += difference * len(values) / self.present
        self._squares += float(((values - mean) ** 2).sum()) + difference**2 * before * len(values) / self.present
        self._sum += float(values.sum())
        self._low, self._high = min(self._low, float(values.min())), max(self._high, float(values.max()))
        self.sketch.add(values)

    def statistics(self) -> dict[str, Any]:
        """The column's entry in statistics.json."""
        common = {"num_present": self.present, "num_missing": self.missing}
        head = {"name": self.name, "inferred_type": self.inferred_type}
        return head | {"numerical_statistics": {"common": common} | (self._numbers() if self.present else {})}

    @property
    def is_non_negative(self) -> bool:
        return self._low >= 0

    def _numbers(self) -> dict[str, Any]:
        edges = np.histogram_bin_edges(np.array([self._low, self._high]), _BUCKETS)
        buckets = [
            {"lower_bound": lower, "upper_bound": upper, "count": count}
            for (lower, upper), count in zip(
                pairwise(edges.tolist()), self.sketch.histogram(edges).tolist(), strict=True
            )
        ]
        return {
            "mean": self._mean,
            "sum": self._sum,
            "std_dev": (self._squares / self.present) ** 0.5,
            "min": self._low,
            "max": self._high,
            "distribution": {"kll": {"buckets": buckets, "sketch": self.sketch.described()}},
        }


class CategorySummary:
    """Counts by value. Of unknown values, the first hundred have counts of their own; `rest` is the count of others."""

    inferred_type = "String"

    def __init__(self, feature: Category) -> None:
        self.name = feature.name
        self.missing = self.rest = 0
        self.counts: Counter[str] = Counter()
        self._known = frozenset(feature.values)
        self._unknown = 0

    @property
    def present(self) -> int:
        return self.counts.total() + self.rest

    def add(self, counts: Iterable[tuple[str, int]], missing: int) -> None:
        self.missing += missing
        for value, count in counts:
            if value in self._known:
                self.counts[value] += count
                continue
            value = value[:MOST_LETTERS]
            if value not in self.counts:
                if self._unknown == MOST_UNKNOWN_VALUES:
                    self.rest += count
                    continue
                self._unknown += 1
            self.counts[value] += count

    def statistics(self) -> dict[str, Any]:
        """The column's entry in statistics.json."""
        buckets = [{"value": value, "count": count} for value, count in self.counts.most_common()]
        return {
            "name": self.name,
            "inferred_type": self.inferred_type,
            "string_statistics": {
                "common": {"num_present": self.present, "num_missing": self.missing},
                "distinct_count": len(self.counts),
                "distribution": {"categorical": {"buckets": buckets}},
            },
        }


Summary: TypeAlias = NumberSummary | CategorySummary


def summary(feature: Feature) -> Summary:
    """An empty summary of a feature's column."""
    if isinstance(feature, Category):
        return CategorySummary(feature)
    assert isinstance(feature, Number)
    return NumberSummary(feature)
