"""Axes and marks in SVG. Lengths are in units of the viewBox."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from mlops.pages.numbers import exact

WIDTH = 440.0
_LEGEND_LETTER = 7.4


@dataclass(frozen=True)
class Axis:
    """Maps values from `low` to `high` to lengths from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, count: int = 5) -> list[float]:
        """About `count` round values within the axis."""
        step = _round_step((self.high - self.low) / count)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


@dataclass(frozen=True)
class Plot:
    """The area between two axes with titles. `height` includes the margins."""

    height: float
    left: float = 50.0
    right: float = 12.0
    top: float = 24.0
    bottom: float = 44.0

    def x(self, low: float, high: float) -> Axis:
        return Axis(low, high, self.left, WIDTH - self.right)

    def y(self, low: float, high: float) -> Axis:
        return Axis(low, high, self.height - self.bottom, self.top)

    def grid(self, x: Axis, y: Axis, x_title: str, y_title: str, x_ticks: Sequence[float] | None = None) -> str:
        """Lines, numbers and titles of both axes."""
        return "".join([*self._columns(x, x_title, x_ticks), *self._rows(y, y_title)])

    def _columns(self, x: Axis, title: str, ticks: Sequence[float] | None) -> Iterable[str]:
        bottom = self.height - self.bottom
        for value in ticks if ticks is not None else x.ticks():
            yield text(x(value), bottom + 16, exact(value), "tick middle")
        yield line((x.start, bottom), (x.end, bottom), "axis")
        yield text((x.start + x.end) / 2, self.height - 8, title, "label middle")

    def _rows(self, y: Axis, title: str) -> Iterable[str]:
        for value in y.ticks():
            yield line((self.left, y(value)), (WIDTH - self.right, y(value)), "grid")
            yield text(self.left - 6, y(value) + 4, exact(value), "tick end")
        yield text(4, 12, title, "label")


def document(height: float, title: str, description: str, *parts: str) -> str:
    """The whole chart. Screen readers read `title` and `description`."""
    name = escape(title.lower().replace(" ", "-"))
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-labelledby="{name}-title {name}-text">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-text">{escape(description)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def line(start: tuple[float, float], end: tuple[float, float], kind: str) -> str:
    return (
        f'<line class="{kind}" x1="{short(start[0])}" y1="{short(start[1])}" '
        f'x2="{short(end[0])}" y2="{short(end[1])}"/>'
    )


def text(x: float, y: float, words: str, kind: str, hint: str = "", turn: float = 0) -> str:
    """`turn` rotates the text around its anchor, in degrees clockwise."""
    position = f'x="{short(x)}" y="{short(y)}"'
    if turn:
        position += f' transform="rotate({turn:g} {short(x)} {short(y)})"'
    return f'<text class="{kind}" {position}>{_hint(hint)}{escape(words)}</text>'


def rectangle(
    x: float, y: float, width: float, height: float, kind: str, hint: str = "", opacity: float | None = None
) -> str:
    shape = (
        f'class="{kind}" x="{short(x)}" y="{short(y)}" width="{short(max(0, width))}" height="{short(max(0, height))}"'
    )
    if opacity is not None:
        shape += f' fill-opacity="{opacity:g}"'
    return f"<rect {shape}>{_hint(hint)}</rect>"


def circle(x: float, y: float, radius: float, kind: str, hint: str = "") -> str:
    shape = f'class="{kind}" cx="{short(x)}" cy="{short(y)}" r="{short(radius)}"'
    return f"<circle {shape}>{_hint(hint)}</circle>"


def path(data: str, kind: str, hint: str = "") -> str:
    return f'<path class="{kind}" d="{data}">{_hint(hint)}</path>'


def polyline(points: Iterable[tuple[float, float | None]], x: Callable, y: Callable, kind: str, hint: str = "") -> str:
    """A line through points, interrupted at values of None."""
    data, pen = [], "M"
    for across, up in points:
        if up is None:
            pen = "M"
            continue
        data.append(f"{pen}{short(x(across))} {short(y(up))}")
        pen = "L"
    return path("".join(data), kind, hint)


def legend(entries: Sequence[tuple[str, str]], right: float, y: float) -> str:
    """Names of lines, each after a sample of the line, ending at `right`."""
    parts = []
    for name, kind in reversed(entries):
        right -= _LEGEND_LETTER * len(name)
        parts.append(text(right, y, name, "tick"))
        parts.append(line((right - 22, y - 4), (right - 5, y - 4), kind))
        right -= 34
    return "".join(parts)


def short(value: float) -> str:
    """A length with one decimal place: more cannot be seen."""
    return f"{value:.1f}".removesuffix(".0")


def _hint(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""


def _round_step(raw: float) -> float:
    magnitude = 10 ** math.floor(math.log10(raw))
    return next(step for step in (magnitude, 2 * magnitude, 5 * magnitude, 10 * magnitude) if step >= raw * 0.999)
