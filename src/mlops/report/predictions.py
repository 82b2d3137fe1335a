"""Summarises predictions.csv for the report: the sizes of the errors, and where they occur."""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mlops.contract import ProblemType
from mlops.quantiles import quantile

_CELLS = 36  # hexagons from left to right
_BARS = 41
_WORST = 5
_PROBABILITY_BARS = 20
# The charts' ranges leave out this share of the rows at each end: one outlier would squeeze all others into a corner.
_OUTSIDE = 0.005


def digest(table: str, problem: ProblemType) -> dict[str, Any] | None:
    """The digest of predictions.csv; None when it has no rows."""
    rows = list(csv.DictReader(io.StringIO(table)))
    if not rows:
        return None
    return _regression(rows) if problem is ProblemType.REGRESSION else _classification(rows)


def _regression(table: Sequence[dict[str, str]]) -> dict[str, Any]:
    """The digest of a regression, in the target's unit."""
    rows = [(float(row["actual"]), float(row["predicted"])) for row in table]
    errors = [predicted - actual for actual, predicted in rows]
    absolute = sorted(map(abs, errors))
    return {
        "rows": len(rows),
        "bias": statistics.fmean(errors),
        "absolute_error": {f"p{percent}": quantile(absolute, percent / 100) for percent in (50, 90, 95, 99)},
        "within_10_percent": sum(abs(p - a) <= 0.1 * abs(a) for a, p in rows) / len(rows),
        "worst": [
            {"actual": actual, "predicted": predicted}
            for actual, predicted in sorted(rows, key=lambda row: -abs(row[1] - row[0]))[:_WORST]
        ],
        "density": density(rows),
        "residuals": histogram(errors),
    }


def _classification(table: Sequence[dict[str, str]]) -> dict[str, Any]:
    """The digest of a classification.

    `worst` has the mistakes with the highest probability, `probabilities` counts rows by probability and correctness.
    `production` counts the rows that this model and the one in production predict differently, and how often either
    is correct; it is None when production was not evaluated on the same rows.
    """
    rows = [(row["actual"], row["predicted"], float(row["probability"])) for row in table]
    mistakes = [row for row in rows if row[0] != row[1]]
    return {
        "rows": len(rows),
        "correct": len(rows) - len(mistakes),
        "worst": [
            {"actual": actual, "predicted": predicted, "probability": probability}
            for actual, predicted, probability in sorted(mistakes, key=lambda row: -row[2])[:_WORST]
        ],
        "probabilities": {
            "correct": _probability_counts([row[2] for row in rows if row[0] == row[1]]),
            "wrong": _probability_counts([probability for *_, probability in mistakes]),
        },
        "production": _disagreement(table) if "production" in table[0] else None,
    }


def _probability_counts(probabilities: Sequence[float]) -> list[int]:
    """Count probabilities in bars of equal width from 0 to 1."""
    counts = [0] * _PROBABILITY_BARS
    for probability in probabilities:
        counts[min(_PROBABILITY_BARS - 1, max(0, int(probability * _PROBABILITY_BARS)))] += 1
    return counts


def _disagreement(table: Sequence[dict[str, str]]) -> dict[str, int]:
    different = [row for row in table if row["predicted"] != row["production"]]
    return {
        "different": len(different),
        "only_this_correct": sum(row["predicted"] == row["actual"] for row in different),
        "only_production_correct": sum(row["production"] == row["actual"] for row in different),
    }


def density(rows: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Count the rows in each hexagon of the plane of actual and predicted values.

    `cells` are [actual, predicted, rows] at the hexagons' centres, `width` is a hexagon's; `outside` counts the rows
    beyond `range`.
    """
    values = sorted(value for row in rows for value in row)
    low, high = quantile(values, _OUTSIDE), quantile(values, 1 - _OUTSIDE)
    if low == high:
        low, high = low - 1, high + 1
    width = (high - low) / _CELLS
    inside = [row for row in rows if low <= row[0] <= high and low <= row[1] <= high]
    cells = Counter(_hexagon(actual - low, predicted - low, width) for actual, predicted in inside)
    return {
        "range": [low, high],
        "width": width,
        "outside": len(rows) - len(inside),
        "cells": [[_short(low + x), _short(low + y), count] for (x, y), count in sorted(cells.items())],
    }


def histogram(values: Sequence[float]) -> dict[str, Any]:
    """Count values in bars of equal width around zero; the first and the last bar include all values beyond them."""
    ordered = sorted(map(abs, values))
    reach = quantile(ordered, 1 - 2 * _OUTSIDE) or 1.0
    width = 2 * reach / _BARS
    counts = [0] * _BARS
    for value in values:
        counts[min(_BARS - 1, max(0, int((value + reach) / width)))] += 1
    return {"range": [-reach, reach], "counts": counts}


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def _hexagon(x: float, y: float, width: float) -> tuple[float, float]:
    """The centre of the hexagon (point upwards) around a point: the nearer one of two shifted grids."""
    height = width * math.sqrt(3)
    candidates = []
    for shift in (0.0, 0.5):
        centre = (
            (round(x / width - shift) + shift) * width,
            (round(y / height - shift) + shift) * height,
        )
        candidates.append(centre)
    return min(candidates, key=lambda centre: (x - centre[0]) ** 2 + (y - centre[1]) ** 2)
