"""Compares metrics, latency and throughput of a release with another release, for example the last one of main."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlops.report import baselines, metrics

_LATENCIES = ("p50", "p95", "p99")
# Smaller changes of latency and throughput are noise of the machine.
_NOISE = 0.1


@dataclass(frozen=True)
class Row:
    """A value of both releases; `change` is a share of the other release's value."""

    name: str
    unit: str
    this: float | None
    other: float | None
    change: float | None
    word: str
    tone: str


def compare(document: dict[str, Any]) -> list[Row]:
    """A row for each value of this release; no rows without a baseline."""
    baseline = document.get("baseline")
    if not baseline:
        return []
    with baselines.compared():
        return [*_metrics(document), *_load(document, baseline)]


def _metrics(document: dict[str, Any]) -> list[Row]:
    return [
        _row(metric.name, "", metric.value, metric.main, metric.lower_is_better, 0.0)
        for metric in metrics.rows(document)
    ]


def _load(document: dict[str, Any], baseline: dict[str, Any]) -> list[Row]:
    this, before = ((each.get("qa") or {}).get("load") or {} for each in (document, baseline))
    rows = [
        _row(
            f"latency {name}",
            "ms",
            this.get("latency_ms", {}).get(name),
            before.get("latency_ms", {}).get(name),
            True,
            _NOISE,
        )
        for name in _LATENCIES
    ]
    rows.append(_row("throughput", "requests/s", this.get("throughput"), before.get("throughput"), False, _NOISE))
    return [row for row in rows if row.this is not None]


def _row(
    name: str, unit: str, this: float | None, other: float | None, lower_is_better: bool | None, noise: float
) -> Row:
    """`lower_is_better` is None for a metric of unknown direction, which gets no verdict."""
    change = metrics.change(this, other)
    if this is None or other is None:
        return Row(name, unit, this, other, None, "", "")
    if this == other or (change is not None and abs(change) <= noise):
        return Row(name, unit, this, other, change or 0.0, "unchanged", "")
    if lower_is_better is None:
        return Row(name, unit, this, other, change, "", "")
    better = (this < other) == lower_is_better
    return Row(name, unit, this, other, change, "better" if better else "worse", "good" if better else "bad")
