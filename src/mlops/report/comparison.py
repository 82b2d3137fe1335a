"""The figures of a release beside those of another one, such as the last on main."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlops.errors import InputError
from mlops.report import view

_LATENCIES = ("p50", "p95", "p99")
# Less than this share of the other figure is noise of the machine.
_NOISE = {"latency": 0.1, "throughput": 0.1}


@dataclass(frozen=True)
class Row:
    """One figure; `change` is a share of the other one, `word` says what it means."""

    name: str
    unit: str
    this: float | None
    other: float | None
    change: float | None
    word: str
    tone: str


def compare(document: dict[str, Any]) -> list[Row]:
    """The rows for what both documents have; none when there is no other one."""
    other = document.get("baseline")
    if not other:
        return []
    try:
        return [*_metrics(document, other), *_load(document, other)]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"--baseline is no report.json of `mlops report`: {error!r}") from error


def _metrics(document: dict[str, Any], other: dict[str, Any]) -> list[Row]:
    before = {metric.name: metric.value for metric in view.metrics(other)}
    return [
        _row(metric.name, "", metric.value, before.get(metric.name), view.lower_is_better(metric.name), 0.0)
        for metric in view.metrics(document)
    ]


def _load(document: dict[str, Any], other: dict[str, Any]) -> list[Row]:
    this, before = ((each.get("qa") or {}).get("load") or {} for each in (document, other))
    rows = [
        _row(
            f"latency {name}",
            "ms",
            this.get("latency_ms", {}).get(name),
            before.get("latency_ms", {}).get(name),
            True,
            _NOISE["latency"],
        )
        for name in _LATENCIES
    ]
    rows.append(
        _row("throughput", "requests/s", this.get("throughput"), before.get("throughput"), False, _NOISE["throughput"])
    )
    return [row for row in rows if row.this is not None]


def _row(name: str, unit: str, this: float | None, other: float | None, lower_is_better: bool, noise: float) -> Row:
    if this is None or other is None:
        return Row(name, unit, this, other, None, "", "")
    change = (this - other) / abs(other) if other else 0.0
    if abs(change) <= noise:
        return Row(name, unit, this, other, change, "as before", "")
    better = (change < 0) == lower_is_better
    return Row(name, unit, this, other, change, "better" if better else "worse", "good" if better else "bad")
