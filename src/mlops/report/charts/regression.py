"""Predicted against actual values, and the residuals."""

from __future__ import annotations

import math
from typing import Any

from mlops.pages import svg
from mlops.pages.numbers import number, percent

_SHADES = 6
_SQUARE = svg.WIDTH - svg.Plot.left - svg.Plot.right + svg.Plot.top + svg.Plot.bottom


def predicted_against_actual(predictions: dict[str, Any], target: str) -> str:
    """A hexagon per area of the plane, darker with more rows; the diagonal is perfect."""
    density = predictions["density"]
    low, high = density["range"]
    # As high as wide between the axes, so that hexagons are regular.
    plot = svg.Plot(height=_SQUARE)
    x, y = plot.x(low, high), plot.y(low, high)
    most = max((count for *_, count in density["cells"]), default=1)
    shades: list[list[str]] = [[] for _ in range(_SHADES)]
    radius = density["width"] * (x.end - x.start) / (high - low) / math.sqrt(3)
    for actual, predicted, count in density["cells"]:
        shades[_shade(count, most)].append(_hexagon(x(actual), y(predicted), radius))
    drawn = (svg.path("".join(cells), f"density d{level}") for level, cells in enumerate(shades) if cells)
    return svg.document(
        plot.height,
        "Predicted against actual values",
        f"{predictions['rows']:,} rows of the test set. {percent(predictions['within_10_percent'])} of the predictions "
        f"are within 10 % of the actual value; half of them are off by at most "
        f"{number(predictions['absolute_error']['p50'], 3)}.",
        plot.grid(x, y, f"actual {target}", "predicted"),
        *drawn,
        svg.line((x(low), y(low)), (x(high), y(high)), "ideal"),
    )


def residuals(predictions: dict[str, Any], target: str) -> str:
    """The distribution of predicted minus actual values."""
    histogram = predictions["residuals"]
    low, high = histogram["range"]
    counts = histogram["counts"]
    plot = svg.Plot(height=300)
    x, y = plot.x(low, high), plot.y(0, max(counts) * 1.05)
    width = (high - low) / len(counts)
    bars = []
    for index, count in enumerate(counts):
        start = low + index * width
        hint = f"{count:,} rows from {number(start, 3)} to {number(start + width, 3)}"
        bars.append(svg.rectangle(x(start) + 0.5, y(count), x.end / len(counts) * 0.85, y(0) - y(count), "bar", hint))
    bias = predictions["bias"]
    return svg.document(
        plot.height,
        "Residuals",
        f"Distribution of predicted minus actual {target}. On average the predictions are "
        f"{number(abs(bias), 3)} too {'high' if bias > 0 else 'low'}.",
        plot.grid(x, y, f"predicted minus actual {target}", "rows"),
        *bars,
        svg.line((x(0), y.start), (x(0), y.end), "ideal"),
    )


def _shade(count: int, most: int) -> int:
    """The shade of a count, on a logarithmic scale: a hexagon of one row must stay visible near one of a thousand."""
    if most == 1:
        return _SHADES - 1
    return min(_SHADES - 1, int(math.log(count) / math.log(most) * _SHADES))


def _hexagon(x: float, y: float, radius: float) -> str:
    half, width = radius / 2, radius * math.sqrt(3) / 2
    steps = [(width, half), (0, radius), (-width, half), (-width, -half), (0, -radius)]
    moves = "".join(f"l{svg.short(across)} {svg.short(down)}" for across, down in steps)
    return f"M{svg.short(x)} {svg.short(y - radius)}{moves}z"
