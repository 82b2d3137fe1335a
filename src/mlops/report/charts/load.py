"""Latency and throughput of the load test, second by second."""

from __future__ import annotations

from typing import Any

from mlops.pages import svg
from mlops.pages.numbers import exact, number

# A bound larger than the measured values by this factor is left out: the values would look flat.
_LARGEST_RATIO = 3.0


def latency(load: dict[str, Any], bound: float | None) -> str:
    """Median and 95th percentile of each second."""
    series = load["series"]
    most = max((second["p95"] or 0 for second in series), default=0) or 1
    shown = bound if bound is not None and bound <= _LARGEST_RATIO * most else None
    plot = svg.Plot(height=260)
    x = plot.x(0, max(1, len(series) - 1))
    y = plot.y(0, 1.1 * max(most, shown or 0))
    parts = [plot.grid(x, y, "second", "ms")]
    if shown is not None:
        parts.append(svg.line((x.start, y(shown)), (x.end, y(shown)), "bound"))
        parts.append(svg.text(x.start + 6, y(shown) - 5, f"p95 at most {exact(shown)} ms", "tick bad halo"))
    for name in ("p95", "p50"):
        points = ((second["second"], second[name]) for second in series)
        parts.append(svg.polyline(points, x, y, f"line {name}"))
    parts.append(svg.legend([("p50", "line p50"), ("p95", "line p95")], svg.WIDTH - plot.right, 12))
    whole = load["latency_ms"]
    return svg.document(
        plot.height,
        "Latency over time",
        f"Over the whole run p50 was {number(whole['p50'], 3)} ms, p95 {number(whole['p95'], 3)} ms, "
        f"p99 {number(whole['p99'], 3)} ms.",
        *parts,
    )


def throughput(load: dict[str, Any], bound: float | None) -> str:
    """Requests of each second, with those that failed."""
    series = load["series"]
    most = max((second["rps"] for second in series), default=0) or 1
    shown = bound if bound is not None and most / _LARGEST_RATIO**2 <= bound <= _LARGEST_RATIO * most else None
    plot = svg.Plot(height=260)
    x = plot.x(-0.5, max(1, len(series)) - 0.5)
    y = plot.y(0, 1.1 * max(most, shown or 0))
    width = (x.end - x.start) / max(1, len(series))
    parts = [plot.grid(x, y, "second", "requests/s", [t for t in x.ticks() if t >= 0])]
    for second in series:
        start = x(second["second"] - 0.5) + 0.08 * width
        hint = f"second {second['second']}: {second['rps']:,} requests, {second['failures']:,} failed"
        top = y(second["rps"])
        parts.append(svg.rectangle(start, top, 0.84 * width, y(0) - top, "bar", hint))
        if second["failures"]:
            failed = y(second["failures"])
            parts.append(svg.rectangle(start, failed, 0.84 * width, y(0) - failed, "bar bad", hint))
    if shown is not None:
        parts.append(svg.line((x.start, y(shown)), (x.end, y(shown)), "bound"))
        parts.append(svg.text(x.end - 6, y(shown) - 5, f"at least {exact(shown)}/s", "tick bad halo end"))
    failures = f"{load['failures']:,} of {load['requests']:,} requests failed."
    return svg.document(
        plot.height,
        "Throughput over time",
        f"On average {number(load['throughput'], 4)} requests per second ended. {failures}",
        *parts,
    )
