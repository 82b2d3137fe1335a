"""Captured columns against the baseline: violations in Model Monitor's words, and distances.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-violations.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mlops import distances
from mlops.container.monitoring.baseline import Known
from mlops.container.monitoring.capture import Captured
from mlops.container.monitoring.columns import Column
from mlops.container.summaries import CategorySummary

Check = Literal[
    "data_type_check",
    "completeness_check",
    "baseline_drift_check",
    "missing_column_check",
    "extra_column_check",
    "categorical_values_check",
]


@dataclass(frozen=True)
class Violation:
    """An entry of constraint_violations.json."""

    feature: str
    check: Check
    description: str

    def described(self) -> dict[str, str]:
        return {
            "feature_name": self.feature,
            "constraint_check_type": self.check,
            "description": self.description,
        }


@dataclass(frozen=True)
class Drift:
    """A column's distance from the baseline, the threshold, and the largest distance that chance may give."""

    distance: float
    threshold: float
    critical: float
    robust: bool

    @property
    def is_significant(self) -> bool:
        return not self.robust or self.distance > self.critical

    @property
    def is_drift(self) -> bool:
        return self.distance > self.threshold and self.is_significant


@dataclass
class Compared:
    """A column after the comparison. `known` is None where the baseline does not have it."""

    column: Column
    known: Known | None
    violations: list[Violation] = field(default_factory=list)
    drift: Drift | None = None

    @property
    def drifted(self) -> bool:
        return any(violation.check == "baseline_drift_check" for violation in self.violations)


def compare(captured: Captured, baseline: Mapping[str, Known]) -> tuple[list[Compared], list[Violation]]:
    """Each column, the predictions under the target's name first, and violations that are of no column."""
    columns = [captured.predictions, *captured.features]
    compared = [
        _compare(column, baseline.get(column.name), len(columns), of_predictions=column is captured.predictions)
        for column in columns
    ]
    return compared, list(_columns(captured, baseline)) if captured.counts.records else []


def _compare(column: Column, known: Known | None, columns: int, *, of_predictions: bool) -> Compared:
    result = Compared(column, known)
    if known is None or not column.count:
        return result
    result.violations += _type(column, known)
    result.violations += _completeness(column, known)
    result.violations += _domain(column, known)
    result.drift = _drift(column, known, columns)
    if result.drift is not None and result.drift.is_drift:
        which = " of the predictions from the baseline's target" if of_predictions else " from the baseline"
        words = f"The distance{which} is {result.drift.distance:.3f}, allowed is {result.drift.threshold:g}."
        result.violations.append(Violation(column.name, "baseline_drift_check", words))
    if not known.settings.evaluated:
        result.violations.clear()
    return result


def _type(column: Column, known: Known) -> Iterator[Violation]:
    found = column.summary.inferred_type
    if known.type not in (found, "Unknown"):
        words = f"The baseline has {known.type}, the model's feature is {found}."
        yield Violation(column.name, "data_type_check", words)
        return
    values = column.count - column.summary.missing
    if values and (share := 1 - column.mistyped / values) < known.settings.typed:
        words = (
            f"{column.mistyped:,} of {values:,} values are not {known.type}: {_percent(share)} are, "
            f"expected are {_percent(known.settings.typed)}."
        )
        yield Violation(column.name, "data_type_check", words)


def _completeness(column: Column, known: Known) -> Iterator[Violation]:
    missing, count = column.summary.missing, column.count
    if known.completeness is None or distances.is_by_chance(missing, count, 1 - known.completeness, known.count):
        return
    words = (
        f"{missing:,} of {count:,} values are missing: {_percent(1 - missing / count)} are present, "
        f"expected are {_percent(known.completeness)}."
    )
    yield Violation(column.name, "completeness_check", words)


def _domain(column: Column, known: Known) -> Iterator[Violation]:
    summary = column.summary
    if known.domain is None or not isinstance(summary, CategorySummary) or not summary.present:
        return
    others = {value: count for value, count in summary.counts.items() if value not in known.domain}
    outside = sum(others.values()) + summary.rest
    share = 1 - outside / summary.present
    if share >= known.settings.known:
        return
    named = ", ".join(sorted(others, key=lambda value: -others[value])[:5])
    words = (
        f"{outside:,} of {summary.present:,} values are not in the baseline, such as {named}: {_percent(share)} are, "
        f"expected are {_percent(known.settings.known)}."
    )
    yield Violation(column.name, "categorical_values_check", words)


def _drift(column: Column, known: Known, columns: int) -> Drift | None:
    """None where there is nothing to compare."""
    summary, settings = column.summary, known.settings
    if not settings.compared or not summary.present:
        return None
    if isinstance(summary, CategorySummary):
        if not any(known.shares.values()):
            return None
        distance = distances.largest_share_difference(summary.counts, known.shares, summary.rest)
        comparisons = columns * len({*summary.counts, *known.shares})
        baseline = sum(known.shares.values())
    else:
        if known.numbers is None:
            return None
        distance = distances.kolmogorov_smirnov(summary.sketch.listed(), known.numbers.listed())
        comparisons, baseline = columns, known.numbers.count
    critical = distances.critical(summary.present, baseline, comparisons)
    return Drift(distance, settings.threshold, critical, settings.robust)


def _columns(captured: Captured, baseline: Mapping[str, Known]) -> Iterator[Violation]:
    names = [captured.predictions.name, *(column.name for column in captured.features)]
    for name in baseline:
        if name not in names:
            yield Violation(name, "missing_column_check", "The baseline has the column, the model has no such feature.")
    for name in names:
        if name not in baseline:
            yield Violation(name, "extra_column_check", "The baseline does not have the column.")
    for name, records in captured.counts.missing.items():
        yield Violation(name, "missing_column_check", f"{_records(records)} rows without the column.")
    for name, records in captured.counts.extra.items():
        yield Violation(name, "extra_column_check", f"{_records(records)} rows with a column that is no feature.")


def _records(count: int) -> str:
    return "1 record has" if count == 1 else f"{count:,} records have"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"
