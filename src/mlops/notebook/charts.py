"""Charts of a notebook, as inline SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlops.pages import svg
from mlops.pages.numbers import number, percent

_BARS = 30
_VALUES = 9
_LETTER = 7.4
_COLOURS = 5


def histogram(title: str, values: Sequence[float]) -> str:
    """The rows in intervals of equal width; the outer ones include the 0.5 % of the rows beyond each."""
    ordered = sorted(values)
    low, high = ordered[len(ordered) // 200], ordered[-1 - len(ordered) // 200]
    whole = all(value == int(value) for value in ordered[:: max(1, len(ordered) // 500)]) and high - low < _BARS
    if whole:
        low, high, bars = low - 0.5, high + 0.5, int(high - low) + 1
    else:
        low, high, bars = (low, high, _BARS) if low < high else (low - 0.5, high + 0.5, _BARS)
    counts = [0] * bars
    for value in values:
        counts[min(bars - 1, max(0, int((value - low) / (high - low) * bars)))] += 1
    plot = svg.Plot(height=200, left=56)
    x, y = plot.x(low, high), plot.y(0, max(counts) * 1.05)
    width = (high - low) / bars
    drawn = []
    for position, count in enumerate(counts):
        start = low + position * width
        hint = f"{number(start, 3)} to {number(start + width, 3)}: {count:,} rows"
        drawn.append(
            svg.rectangle(x(start) + 0.5, y(count), x(start + width) - x(start) - 1, y(0) - y(count), "bar", hint)
        )
    words = f"Median {number(ordered[len(ordered) // 2], 3)}."
    return svg.document(plot.height, f"Distribution of {title}", words, plot.grid(x, y, title, "rows"), *drawn)


def bars(title: str, counts: Mapping[str, int]) -> str:
    """The share of each of the most frequent values."""
    whole = sum(counts.values()) or 1
    shown = sorted(counts.items(), key=lambda item: -item[1])[:_VALUES]
    left, top, step = 16 + _LETTER * max(len(name) for name, _ in shown), 8.0, 22.0
    x = svg.Axis(0, max(count for _, count in shown) / whole or 1, left, svg.WIDTH - 62)
    drawn = []
    for position, (name, count) in enumerate(shown):
        above = top + step * position
        drawn.append(svg.text(left - 8, above + 13, name, "tick end"))
        drawn.append(
            svg.rectangle(left, above + 2, x(count / whole) - left, step - 6, "bar", f"{name}: {count:,} rows")
        )
        drawn.append(svg.text(x(count / whole) + 6, above + 13, percent(count / whole), "tick"))
    return svg.document(
        top + step * len(shown) + 8, f"Shares of {title}", f"{shown[0][0]} is the most frequent.", *drawn
    )


def lines(
    title: str,
    series: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    x_title: str,
    y_title: str,
    *,
    height: float = 220,
    span: tuple[float, float] | None = None,
    bounds: Sequence[float] = (),
) -> str:
    """Lines through points, each with its name in the legend; `bounds` are horizontal lines."""
    points = [point for _, each in series for point in each]
    if not points:
        return svg.document(
            height, title, "No values.", svg.text(svg.WIDTH / 2, height / 2, "no values yet", "tick middle")
        )
    low, high = span or (min(x for x, _ in points), max(x for x, _ in points))
    most = max([*(y for _, y in points), *bounds])
    plot = svg.Plot(height=height, left=74, top=24 + 16 * ((len(series) + 1) // 2 if len(series) > 1 else 0))
    x, y = plot.x(low, high if high > low else low + 1), plot.y(0, most * 1.08 or 1)
    drawn = [plot.grid(x, y, x_title, y_title)]
    drawn += [svg.line((x.start, y(bound)), (x.end, y(bound)), "bound") for bound in bounds]
    for position, (name, each) in enumerate(series):
        kind = f"s{position % _COLOURS}" if len(series) > 1 else "s1"
        drawn.append(svg.polyline(sorted(each), x, y, kind, name))
        drawn += [svg.circle(x(across), y(up), 2.4, kind, f"{name}: {number(up)}") for across, up in each]
        if len(series) > 1:
            row, column = divmod(position, 2)
            drawn.append(svg.legend([(name, kind)], svg.WIDTH - 12 - 190 * (1 - column), 28 + 16 * row))
    return svg.document(plot.height, title, f"The highest value is {number(most)}.", *drawn)


def shares(title: str, steps: Sequence[Mapping[str, int]], seconds: float, names: Sequence[str]) -> str:
    """Requests by name in steps of time, one above the other."""
    plot = svg.Plot(height=250, left=50, top=40)
    x = plot.x(0, max(len(steps) * seconds, seconds))
    y = plot.y(0, max((sum(step.values()) for step in steps), default=1) * 1.05 or 1)
    drawn = [plot.grid(x, y, "seconds", "requests")]
    width = x(seconds) - x(0)
    for position, step in enumerate(steps):
        below = 0
        for place, name in enumerate(names):
            count = step.get(name, 0)
            if count:
                hint = f"{name}: {count} of {sum(step.values())} requests"
                left = x(position * seconds) + 0.5
                top = y(below + count)
                drawn.append(svg.rectangle(left, top, width - 1, y(below) - top, f"s{place % _COLOURS}", hint))
            below += count
    right, legend = svg.WIDTH - 12, []
    for place, name in reversed(list(enumerate(names))):
        right -= _LETTER * len(name)
        legend.append(svg.text(right, 28, name, "tick"))
        legend.append(svg.rectangle(right - 16, 18, 12, 12, f"s{place % _COLOURS}"))
        right -= 34
    return svg.document(plot.height, title, f"Requests that {' and '.join(names)} answered.", *legend, *drawn)
