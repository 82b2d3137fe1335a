"""The model's quality against the bounds of its gate, as model-quality constraints of Model Monitor."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops import metrics
from mlops.contract import ProblemType
from mlops.errors import InputError

LEAST_ROWS = 30
"""Below which a metric says little, and its deviation too."""
_DEVIATIONS = 2.0
_OPERATORS = {"Minimize": "GreaterThanThreshold", "Maximize": "LessThanThreshold"}
_KEYS = {
    ProblemType.REGRESSION: "regression_constraints",
    ProblemType.BINARY_CLASSIFICATION: "binary_classification_constraints",
    ProblemType.MULTICLASS_CLASSIFICATION: "multiclass_classification_constraints",
}


@dataclass(frozen=True)
class Judged:
    """A metric with a bound. Only a value that is worse by more than chance explains is a violation."""

    name: str
    value: float
    deviation: float
    bound: float
    operator: str
    enough: bool

    @property
    def is_worse(self) -> bool:
        return self._excess > 0

    @property
    def is_violation(self) -> bool:
        return self.enough and self._excess > _DEVIATIONS * self.deviation

    @property
    def _excess(self) -> float:
        return self.value - self.bound if self.operator == "GreaterThanThreshold" else self.bound - self.value

    def described(self) -> dict[str, str]:
        """An entry of constraint_violations.json."""
        return {
            "metric_name": self.name,
            "constraint_check_type": self.operator,
            "description": f"Metric {self.name} with {self.value:g} +/- {self.deviation:g} was {self.operator} {self.bound:g}",
        }


def bounds(text: str, problem: ProblemType) -> dict[str, float]:
    """The bounds by metric of a text such as "rmse=6 r2=0.8". Raises InputError for any other."""
    found: dict[str, float] = {}
    for part in text.split():
        name, _, number = part.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            found[name] = math.nan
        if name not in metrics.METRICS[problem] or not math.isfinite(found[name]):
            allowed = ", ".join(metrics.METRICS[problem])
            raise InputError(f"found the bound {part}; allowed is METRIC=NUMBER, with one of {allowed}")
    return found


def constraints(given: Mapping[str, float], problem: ProblemType) -> dict[str, Any]:
    """constraints.json."""
    return {
        "version": 0,
        _KEYS[problem]: {
            name: {"threshold": bound, "comparison_operator": _operator(name, problem)} for name, bound in given.items()
        },
    }


def judge(statistics: Mapping[str, Any] | None, given: Mapping[str, float], problem: ProblemType) -> Iterator[Judged]:
    """Each metric that has a bound and a value."""
    if statistics is None:
        return
    group, enough = statistics[metrics.GROUPS[problem]], statistics["dataset"]["item_count"] >= LEAST_ROWS
    for name, bound in given.items():
        if name in group:
            value, deviation = group[name]["value"], group[name]["standard_deviation"]
            yield Judged(name, value, deviation, bound, _operator(name, problem), enough)


def _operator(name: str, problem: ProblemType) -> str:
    return _OPERATORS[metrics.METRICS[problem][name].goal]
