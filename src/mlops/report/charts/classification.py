"""Confusion matrix, curves and calibration of a classifier."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from mlops.pages import svg
from mlops.pages.numbers import number, percent
from mlops.report.classification import Classification, Curve, Label, Table, weakest

_LETTERS = 13  # of a label; the whole label is in the hint
_LETTER = 6.3
# Text in a cell must be readable on its colour, in the light and in the dark scheme.
STRONGEST = 0.5
_SQUARE = 400.0


def confusion_matrix(table: Table) -> str:
    """A row per actual label; each cell has its share of the row, mistakes in the colour of mistakes."""
    labels, count = table.labels, len(table.labels)
    names = [_cut(label.title) for label in labels]
    longest = _LETTER * max(map(len, names))
    level = count <= 3
    left, top = 14 + longest + 8, 24.0
    width = (svg.WIDTH - left - 4) / count
    height = 64.0 if count <= 3 else 40.0 if count <= 6 else 28.0
    below = 22.0 if level else 12 + 0.64 * longest
    total = top + count * height + below + 22
    parts = [svg.text(4, 12, "actual", "label")]
    for position, (label, name) in enumerate(zip(labels, names, strict=True)):
        across, down = left + (position + 0.5) * width, top + (position + 0.5) * height
        parts.append(svg.text(left - 8, down + 4, name, "tick end", hint=label.title))
        bottom = top + count * height
        if level:
            parts.append(svg.text(across, bottom + 17, name, "tick middle", hint=label.title))
        else:
            parts.append(svg.text(across + 4, bottom + 14, name, "tick end", hint=label.title, turn=-40))
    for row, actual in enumerate(labels):
        for column, predicted in enumerate(labels):
            rows = table.cells[row][column]
            share = rows / actual.rows if actual.rows else 0.0
            corner = (left + column * width, top + row * height)
            parts.append(_cell(corner, width, height, rows, share, actual, predicted, table.rest_correct))
    parts.append(svg.text(left + count * width / 2, total - 6, "predicted", "label middle"))
    correct, rows = sum(label.correct for label in labels), sum(label.rows for label in labels)
    description = f"{correct:,} of {rows:,} rows were predicted correctly. {_worst_label(labels)}"
    return svg.document(total, "Confusion matrix", description, *parts)


def _cell(
    corner: tuple[float, float],
    width: float,
    height: float,
    rows: int,
    share: float,
    actual: Label,
    predicted: Label,
    rest_correct: int,
) -> str:
    x, y = corner
    hint = f"{rows:,} rows of {actual.title} predicted as {predicted.title}, {percent(share)} of {actual.rows:,}"
    kind = "right" if actual is predicted else "wrong"
    if actual is predicted and actual.count > 1:
        kind, hint = "mixed", f"{rows:,} rows of {actual.title} predicted as one of them, {rest_correct:,} correctly"
    parts = [svg.rectangle(x + 1, y + 1, width - 2, height - 2, "cell empty", hint)]
    if rows:
        opacity = round(STRONGEST * (share if kind == "right" else math.sqrt(share)), 2)
        parts.append(svg.rectangle(x + 1, y + 1, width - 2, height - 2, f"cell {kind}", hint, opacity=opacity))
        middle, words = x + width / 2, _share(share)
        if height > 60:
            parts.append(svg.text(middle, y + height / 2 - 3, f"{words} %", "count middle"))
            parts.append(svg.text(middle, y + height / 2 + 15, f"{rows:,} rows", "middle"))
        else:
            parts.append(svg.text(middle, y + height / 2 + 4, words, "middle"))
    return "".join(parts)


def roc(curves: Sequence[Curve]) -> str:
    """True against false positives; the diagonal is chance."""
    x, y, parts = _unit_square("false positive rate", "true positive rate")
    parts.append(svg.line((x(0), y(0)), (x(1), y(1)), "ideal"))
    parts += _curves(curves, x, y)
    return svg.document(_SQUARE, "ROC curve", _areas(curves, "Area under the curve"), *parts)


def precision_recall(curves: Sequence[Curve], prevalence: float | None) -> str:
    """Precision against recall; the dashed line is the share of the positive label: chance."""
    x, y, parts = _unit_square("recall", "precision")
    if prevalence is not None:
        parts.append(svg.line((x(0), y(prevalence)), (x(1), y(prevalence)), "ideal"))
    parts += _curves(curves, x, y)
    return svg.document(_SQUARE, "Precision-recall curve", _areas(curves, "Average precision"), *parts)


def calibration(shown: Classification) -> str:
    """Observed share against predicted probability, a mark per bin; on the diagonal probabilities are right."""
    title = "observed share" if shown.positive is None else f"observed share of {_cut(shown.positive)}"
    x, y, parts = _unit_square("predicted probability", title)
    most = max(rows for *_, rows in shown.calibration)
    parts.append(svg.line((x(0), y(0)), (x(1), y(1)), "ideal"))
    parts.append(svg.polyline([(predicted, observed) for predicted, observed, _ in shown.calibration], x, y, "line"))
    for predicted, observed, rows in shown.calibration:
        hint = f"{rows:,} rows: predicted {percent(predicted)}, observed {percent(observed)}"
        parts.append(svg.circle(x(predicted), y(observed), 3 + 6 * math.sqrt(rows / most), "mark", hint))
    description = f"On average the observed share is {percent(shown.calibration_error)} from the predicted probability."
    return svg.document(_SQUARE, "Calibration", description, *parts)


def probabilities(predictions: dict[str, Any]) -> str:
    """Rows by the probability of their predicted label, wrong predictions at the foot of each bar."""
    correct, wrong = predictions["probabilities"]["correct"], predictions["probabilities"]["wrong"]
    totals = [one + other for one, other in zip(correct, wrong, strict=True)]
    first = next((position for position, count in enumerate(totals) if count), 0)
    step = 1 / len(totals)
    plot = svg.Plot(height=300, left=56)
    x, y = plot.x(first * step, 1), plot.y(0, max(totals) * 1.05)
    parts = [plot.grid(x, y, "probability of the predicted label", "rows")]
    width = x(1) - x(1 - step) - 1
    for position in range(first, len(totals)):
        start, top, foot = x(position * step) + 0.5, y(totals[position]), y(wrong[position])
        hint = (
            f"{totals[position]:,} rows from {percent(position * step, 0)} to {percent((position + 1) * step, 0)}, "
            f"{wrong[position]:,} of them wrong"
        )
        parts.append(svg.rectangle(start, top, width, foot - top, "bar", hint))
        parts.append(svg.rectangle(start, foot, width, y(0) - foot, "bar bad", hint))
    mistakes = predictions["rows"] - predictions["correct"]
    description = f"{predictions['rows']:,} rows of the test set, {mistakes:,} predicted wrong."
    return svg.document(plot.height, "Probability of the predicted label", description, *parts)


def _unit_square(x_title: str, y_title: str) -> tuple[svg.Axis, svg.Axis, list[str]]:
    plot = svg.Plot(height=_SQUARE)
    x, y = plot.x(0, 1), plot.y(0, 1)
    return x, y, [plot.grid(x, y, x_title, y_title)]


def _curves(curves: Sequence[Curve], x: Callable, y: Callable) -> list[str]:
    """With several labels the weakest one in colour, above the others: ten colours could not be told apart."""
    if len(curves) == 1:
        return [svg.polyline(curves[0].points, x, y, "line")]
    emphasised = weakest(curves)
    others = [curve for curve in curves if curve is not emphasised]
    parts = [svg.polyline(each.points, x, y, "line other", _area(each)) for each in others]
    parts.append(svg.polyline(emphasised.points, x, y, "line", _area(emphasised)))
    entries = [(_cut(emphasised.label), "line"), ("other labels", "line other")]
    return [*parts, svg.legend(entries, svg.WIDTH - svg.Plot.right, 12)]


def _area(curve: Curve) -> str:
    return f"{curve.label}: {number(curve.area, 3)}"


def _areas(curves: Sequence[Curve], title: str) -> str:
    return f"{title}: {', '.join(map(_area, curves))}." if len(curves) > 1 else f"{title}: {number(curves[0].area, 3)}."


def _worst_label(labels: Sequence[Label]) -> str:
    known = [label for label in labels if label.recall is not None and label.count == 1]
    if not known:
        return ""
    worst = min(known, key=lambda label: label.recall or 0.0)
    return f"The label with the lowest recall is {worst.name}: {percent(worst.recall)}."


def _share(share: float) -> str:
    """In percent, without a sign: a cell is narrow."""
    return "< 1" if share < 0.005 else f"{100 * share:.0f}"


def _cut(label: str) -> str:
    return label if len(label) <= _LETTERS + 1 else f"{label[:_LETTERS]}…"
