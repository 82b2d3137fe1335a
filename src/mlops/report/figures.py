"""What a release costs, how large it is and how long its stages take, each with main's value and the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlops.pages.numbers import MINUS, NONE, duration, size
from mlops.report import baselines

Format = Callable[[float], str]


@dataclass(frozen=True)
class Figure:
    """A value of this release in words, the value of main, and the difference."""

    name: str
    this: str
    main: str
    difference: str


def figures(document: dict[str, Any]) -> list[Figure]:
    """The figures that this release or main has; none without either."""
    baseline = document.get("baseline") or {}
    with baselines.compared():
        own, main = dict(_values(document)), dict(_values(baseline))
    names = [*own, *(name for name in main if name not in own)]
    found = (_figure(name, own.get(name, (None, str)), main.get(name, (None, str))) for name in names)
    return [figure for figure in found if (figure.this, figure.main) != (NONE, NONE)]


def notes(document: dict[str, Any]) -> list[str]:
    """Sentences below the figures: where prices come from, and what is unknown."""
    cost = document.get("cost")
    if not cost:
        return []
    if cost["reason"]:
        return [f"The cost is unknown. {cost['reason']}"]
    first, last = cost["dates"]
    dates = f"of {first}" if first == last else f"of {first} to {last}"
    found = [
        f"USD in {cost['region']}, by prices {dates} (mlops cost). Times, and the cost by them, are those of the place "
        "where the pipeline ran; a stage's time leaves out the wait for a person."
    ]
    if cost["missing"]:
        found.append(f"No price is known of {', '.join(cost['missing'])}: mlops cost --refresh reads AWS's price list.")
    return found


def _values(document: dict[str, Any]) -> Iterator[tuple[str, tuple[float | None, Format]]]:
    cost, sizes = document.get("cost") or {}, document.get("sizes") or {}
    yield "cost of a day in production", (cost.get("day"), _usd)
    yield "cost of this release by its times", (cost.get("release"), _usd)
    yield "cost of a release at most", (cost.get("release_at_most"), _usd)
    yield "image", (sizes.get("image"), _size)
    yield "model archive", (sizes.get("model"), _size)
    stages = [(f"stage {stage['name']}", _seconds(stage)) for stage in document.get("stages", [])]
    for name, seconds in stages:
        if seconds is not None:
            yield name, (seconds, duration)
    if stages and (known := [seconds for _, seconds in stages if seconds is not None]):
        yield "all stages", (sum(known), duration)


def _seconds(stage: dict[str, Any]) -> float | None:
    """From the start of the stage's first action to the end of its last; None without an action that has ended."""
    ended = [
        (datetime.fromisoformat(action["started"]), datetime.fromisoformat(action["ended"]))
        for action in stage["actions"]
        if action["started"] and action["ended"] and action["category"] != "Approval"
    ]
    if not ended:
        return None
    return (max(end for _, end in ended) - min(start for start, _ in ended)).total_seconds()


def _figure(name: str, own: tuple[float | None, Format], other: tuple[float | None, Format]) -> Figure:
    (this, format_), (main, format_of_main) = own, other
    return Figure(
        name,
        NONE if this is None else format_(this),
        NONE if main is None else format_of_main(main),
        NONE if this is None or main is None else _difference(this, main, format_),
    )


def _difference(this: float, main: float, format_: Format) -> str:
    """With its sign; 0 where both are shown alike."""
    shown = format_(abs(this - main))
    if format_(this) == format_(main) or shown.startswith("<"):
        return "0"
    return f"{'+' if this > main else MINUS}{shown}"


def _usd(amount: float) -> str:
    return f"${amount:,.3f}"


def _size(count: float) -> str:
    return size(int(count))
