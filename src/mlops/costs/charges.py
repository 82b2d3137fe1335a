"""What is charged: per day in production, and per step of a release. An amount is None where a price is missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops.costs.prices import Figure, Key, Prices

DAYS_A_MONTH = 365 / 12
MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True)
class Charge:
    """A part of the standing cost, in USD a day."""

    name: str
    what: str
    usd: float | None


@dataclass(frozen=True)
class Step:
    """A part of a release: what runs, how many minutes, and USD for them.

    `minutes` are those of past releases, None without any; `most_minutes` are bounded by what `bound` names. With
    `wait`, the step waits for a person.
    """

    name: str
    what: str
    minutes: float | None
    most_minutes: float
    usd: float | None
    most_usd: float | None
    bound: str
    timed: bool = True
    wait: bool = False
    # Steps of one order run at the same time.
    order: str = ""


@dataclass(frozen=True)
class Choice:
    """A setting and what it would add, in USD; negative is a saving."""

    file: str
    setting: str
    usd: float
    per: str


@dataclass(frozen=True)
class Monitoring:
    """A day of monitoring when each of its runs finds captured requests, in USD.

    `minutes` are those of past runs, None without any. `metrics` are published in addition to the standing ones, None
    where the features are unknown.
    """

    what: str
    runs: float
    minutes: float | None
    most_minutes: float
    usd: float | None
    most_usd: float | None
    metrics: int | None
    metrics_usd: float | None


@dataclass(frozen=True)
class Batch:
    """An hour of a batch's transform job, and an hour of the comparison that follows it."""

    what: str
    usd_an_hour: float | None
    comparison: str
    comparison_usd_an_hour: float | None


@dataclass
class Till:
    """Looks prices up, and keeps which it used and which are missing."""

    prices: Prices
    used: dict[Key, Figure] = field(default_factory=dict)
    missing: set[Key] = field(default_factory=set)

    def price(self, kind: str, name: str) -> float | None:
        figure = self.prices.find(kind, name)
        if figure is None:
            self.missing.add(Key(kind, name))
            return None
        self.used[Key(kind, name)] = figure
        return figure.usd


def times(price: float | None, quantity: float) -> float | None:
    return None if price is None else price * quantity


def total(amounts: Iterable[float | None]) -> float | None:
    """The sum; None where a part is unknown."""
    known = list(amounts)
    return None if None in known else math.fsum(each for each in known if each is not None)


def elapsed(steps: Iterable[Step], minutes: Callable[[Step], float | None]) -> float | None:
    """The minutes that the steps take together, without waiting for a person; None where those of one are unknown."""
    orders: dict[str, list[float | None]] = {}
    for step in steps:
        if step.timed and not step.wait:
            orders.setdefault(step.order, []).append(minutes(step))
    if any(None in together for together in orders.values()):
        return None
    return sum(max(each for each in together if each is not None) for together in orders.values())


def whole_minutes(minutes: float) -> int:
    """Minutes as CodeBuild and CodePipeline charge them: each begun one."""
    return math.ceil(minutes)


def plain(items: Sequence[Any]) -> list[dict[str, Any]]:
    """The items as JSON's objects."""
    return [dict(vars(item)) for item in items]
