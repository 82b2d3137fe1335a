"""The price table: USD by region, kind and name, each figure with its date and source.

A table that a person gives, or that AWS's price list has filled, replaces figures of the shipped one. A figure that no
table has is missing, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from mlops import shapes
from mlops.errors import InputError

# What a figure's price is for, by its kind; `name` is an instance type, a compute type, or the thing itself.
UNITS = {
    "hosting": "an hour",
    "serverless": "a second of a GB",
    "training": "an hour",
    "processing": "an hour",
    "transform": "an hour",
    "build": "a minute",
    "cloudwatch": "a month",
    "kms": "a month",
    "codepipeline": "a minute",
}
# Figures that AWS publishes without naming a region.
EVERYWHERE = "*"
# Where figures that the table lacks are: us-east-1 has all of a generated repository.
ELSEWHERE = (
    "To read AWS's price list, with credentials: mlops cost --refresh. To see the costs of a region that the table has: "
    "mlops cost --region us-east-1"
)
_FORM = (
    'Its form: {"regions": {"REGION": {"KIND": {"NAME": {"usd": 0.1, "date": "2026-11-21", "source": "…"}}}}}, with kinds '
    + ", ".join(UNITS)
)


@dataclass(frozen=True)
class Key:
    """What a figure is the price of."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Figure:
    """A price in USD for one unit, its date, and its source."""

    usd: float
    date: date
    source: str


@dataclass(frozen=True)
class Prices:
    """The figures of one region."""

    region: str
    figures: Mapping[Key, Figure]

    def find(self, kind: str, name: str) -> Figure | None:
        return self.figures.get(Key(kind, name))

    def names(self, kind: str) -> list[str]:
        return sorted(key.name for key in self.figures if key.kind == kind)


def load(region: str, tables: Iterable[Path] = ()) -> Prices:
    """The shipped figures of a region, replaced by those of each table in turn; InputError when there are none."""
    shipped = resources.files("mlops.costs").joinpath("prices.json").read_text(encoding="utf-8")
    by_region: dict[str, dict[Key, Figure]] = _parsed(shipped, "prices.json")
    for table in tables:
        for each, figures in _parsed(_text(table), str(table)).items():
            by_region.setdefault(each, {}).update(figures)
    if region not in by_region:
        known = ", ".join(sorted(set(by_region) - {EVERYWHERE}))
        raise InputError(
            f"The price table has no prices of {region}; it has {known}. {ELSEWHERE}. "
            f"Or give your own: mlops cost --prices FILE. {_FORM}"
        )
    return Prices(region, by_region.get(EVERYWHERE, {}) | by_region[region])


def written(region: str, figures: Mapping[Key, Figure]) -> str:
    """The figures as a table that `load` reads."""
    kinds: dict[str, dict[str, Any]] = {}
    for key, figure in sorted(figures.items(), key=lambda item: str(item[0])):
        kinds.setdefault(key.kind, {})[key.name] = {
            "usd": figure.usd,
            "date": figure.date.isoformat(),
            "source": figure.source,
        }
    return json.dumps({"regions": {region: kinds}}, indent=2) + "\n"


def _text(table: Path) -> str:
    try:
        return table.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{table} can't be read: {error}") from error


def _parsed(text: str, file: str) -> dict[str, dict[Key, Figure]]:
    by_region: dict[str, dict[Key, Figure]] = {}
    try:
        for region, kinds in json.loads(text)["regions"].items():
            figures = by_region.setdefault(region, {})
            for kind, named in kinds.items():
                _require_kind(kind, file, region)
                for name, figure in named.items():
                    figures[Key(kind, name)] = _figure(figure, f"{file}: regions.{region}.{kind}.{name}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file} is no price table ({type(error).__name__}: {error}). {_FORM}") from error
    return by_region


def _require_kind(kind: str, file: str, region: str) -> None:
    if kind not in UNITS:
        raise InputError(f"{file}: regions.{region}: found {kind}; allowed: {shapes.closest(kind, list(UNITS))}")


def _figure(figure: Any, where: str) -> Figure:
    usd = figure["usd"]
    if not isinstance(usd, int | float) or isinstance(usd, bool) or not 0 <= usd < float("inf"):
        raise InputError(f"{where}.usd: found {usd!r}; allowed: a number of US dollars, at least 0")
    try:
        day = date.fromisoformat(figure["date"])
    except (TypeError, ValueError):
        raise InputError(f"{where}.date: found {figure['date']!r}; allowed: a date such as 2026-11-21") from None
    return Figure(float(usd), day, str(figure["source"]))
