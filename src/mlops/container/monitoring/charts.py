"""The baseline's distribution of a column against the captured one, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from mlops.container.sketch import Sketch
from mlops.pages import svg
from mlops.pages.numbers import number, percent

_BINS = 24
_MOST_INTEGERS = 40  # with an interval each
_OUTSIDE = 0.005
_VALUES = 8
_LETTERS = 16
_LETTER = 7.4
_LINES = (("baseline", "line other"), ("captured", "line"))


def numbers(name: str, baseline: Sketch | None, captured: Sketch | None, *, integer: bool, drifted: bool) -> str:
    """The shares of the rows in intervals. The outer ones include what is beyond them."""
    known = [sketch for sketch in (baseline, captured) if sketch is not None]
    low = min(sketch.quantile(_OUTSIDE) for sketch in known)
    high = max(sketch.quantile(1 - _OUTSIDE) for sketch in known)
    bins, whole = _BINS, integer and high - low <= _MOST_INTEGERS
    if whole:
        low, high = math.floor(low) - 0.5, math.ceil(high) + 0.5
        bins = round(high - low)
    elif low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    shares = [_shares(sketch, edges) if sketch is not None else [] for sketch in (baseline, captured)]
    plot = svg.Plot(height=230, left=46)
    x, y = plot.x(low, high), plot.y(0, 100 * max(max(each, default=0) for each in shares) * 1.08)
    parts = [plot.grid(x, y, name, "% of rows")]
    before, now = (_steps(edges, each) for each in shares)
    if before:
        parts.append(svg.path(_outline([(low, 0), *before, (high, 0)], x, y) + "z", "past"))
        parts.append(svg.polyline(before, x, y, "line other"))
    if now:
        parts.append(svg.polyline(now, x, y, "line bad" if drifted else "line"))
    for position, (start, end) in enumerate(pairwise(edges.tolist())):
        found = [f"{title} {percent(each[position])}" for (title, _), each in zip(_LINES, shares, strict=True) if each]
        where = f"{(start + end) / 2:g}" if whole else f"{number(start, 3)} to {number(end, 3)}"
        hint = f"{where}: {', '.join(found)}"
        parts.append(svg.rectangle(x(start), y.end, x(end) - x(start), y.start - y.end, "hover", hint))
    parts.append(_legend(drifted))
    middles = [
        f"{title} {number(sketch.quantile(0.5), 3)}"
        for (title, _), sketch in zip(_LINES, (baseline, captured), strict=True)
        if sketch is not None
    ]
    return svg.document(plot.height, f"Distribution of {name}", f"Medians: {', '.join(middles)}.", *parts)


def categories(name: str, baseline: Mapping[str, int], captured: Mapping[str, int], *, drifted: bool) -> str:
    """Two bars for each of the most frequent values, and for the others together."""
    shares = [_of_whole(baseline), _of_whole(captured)]
    values = sorted({*baseline, *captured}, key=lambda value: (-max(each.get(value, 0) for each in shares), value))
    shown = values if len(values) <= _VALUES + 1 else values[:_VALUES]
    rows = [(_cut(value), value, [each.get(value, 0.0) for each in shares]) for value in shown]
    if rest := values[len(shown) :]:
        title = f"{len(rest):,} others"
        rows.append((title, title, [sum(each.get(value, 0.0) for value in rest) for each in shares]))
    left, top, step = 14 + _LETTER * max(len(title) for title, *_ in rows), 26.0, 34.0
    height = top + step * len(rows) + 4
    x = svg.Axis(0, max(max(pair) for *_, pair in rows), left, svg.WIDTH - 62)
    parts = [_legend(drifted)]
    kinds = ("past", "bar bad" if drifted else "bar")
    for position, (title, value, pair) in enumerate(rows):
        above = top + step * position
        parts.append(svg.text(left - 8, above + 18, title, "tick end", hint=value))
        for across, (share, kind, (series, _)) in enumerate(zip(pair, kinds, _LINES, strict=True)):
            hint = f"{value}: {series} {percent(share)}"
            parts.append(svg.rectangle(left, above + 3 + 12 * across, x(share) - left, 10, kind, hint))
        parts.append(svg.text(svg.WIDTH - 4, above + 12, percent(pair[0]), "tick end"))
        parts.append(svg.text(svg.WIDTH - 4, above + 25, percent(pair[1]), "end"))
    change = max(rows, key=lambda row: abs(row[2][0] - row[2][1]))
    before, now = (percent(share) for share in change[2])
    words = f"The largest difference is that of {change[1]}: {before} in the baseline, {now} captured."
    return svg.document(height, f"Distribution of {name}", words, *parts)


def _legend(drifted: bool) -> str:
    (before, one), (now, other) = _LINES
    return svg.legend([(before, one), (now, f"{other} bad" if drifted else other)], svg.WIDTH - svg.Plot.right, 12)


def _shares(sketch: Sketch, edges: np.ndarray) -> list[float]:
    below = np.concatenate([[0.0], sketch.not_above(edges[1:-1]), [1.0]])
    return np.diff(below).tolist()


def _steps(edges: np.ndarray, shares: list[float]) -> list[tuple[float, float]]:
    return (
        [
            (edge, 100 * share)
            for (start, end), share in zip(pairwise(edges.tolist()), shares, strict=True)
            for edge in (start, end)
        ]
        if shares
        else []
    )


def _outline(points: list[tuple[float, float]], x: svg.Axis, y: svg.Axis) -> str:
    return "M" + "L".join(f"{svg.short(x(across))} {svg.short(y(up))}" for across, up in points)


def _of_whole(counts: Mapping[str, int]) -> dict[str, float]:
    whole = sum(counts.values())
    return {value: count / whole for value, count in counts.items()} if whole else {}


def _cut(value: str) -> str:
    return value if len(value) <= _LETTERS + 1 else f"{value[:_LETTERS]}…"
