"""Summarises a recorded load test: percentiles, throughput, a series per second, and whether the generator kept up."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops.quantiles import quantile

# The generator is one thread: it is saturated when it is on a core, or waits for one, all the time.
# locust warns at this share as well.
_BUSY_PERCENT = 90.0
# If the event loop is late by more than this share of the latency, most of the latency is the generator's own.
_LAG_SHARE = 0.5
# The resolution of libev's timers: a smaller lag cannot be measured.
_TIMER_MILLISECONDS = 2.0


@dataclass
class Requests:
    """One entry per request: when it ended (s, any clock), how long it took (ms), whether it failed."""

    ended: array
    milliseconds: array
    failed: bytearray


@dataclass
class Generator:
    """The generator's own load: percent of the time that it was on a core and that it waited for one, percent of the
    machine's CPU in use by all processes, lag of its event loop in ms, and whether locust warned of high CPU usage.
    """

    cpu_percent: float
    waited_percent: float
    machine_percent: float
    lag_milliseconds: Sequence[float]
    warned: bool = False


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """The nearest-rank percentile; None without values."""
    return quantile(ordered, percent / 100) if ordered else None


def summarise(
    requests: Requests, generator: Generator, ramp_started: float, started: float, ended: float
) -> dict[str, Any]:
    """The measurements of a run, in the shape of `load` in qa.json.

    The series begins with the first user (second 0). All other values cover the time from `started`, when all users
    were running, to `ended`; a response after that counts for latency, not for throughput.
    """
    counted = [index for index, moment in enumerate(requests.ended) if moment >= started]
    latencies = sorted(requests.milliseconds[index] for index in counted)
    failures = sum(requests.failed[index] for index in counted)
    seconds = ended - started
    answered = sum(1 for index in counted if requests.ended[index] <= ended and not requests.failed[index])
    latency = {f"p{percent}": _rounded(percentile(latencies, percent)) for percent in (50, 90, 95, 99)}
    return {
        "duration_seconds": round(seconds, 3),
        "requests": len(counted),
        "failures": failures,
        "failure_ratio": failures / len(counted) if counted else None,
        "throughput": round(answered / seconds, 2) if seconds > 0 else None,
        "latency_ms": {**latency, "max": _rounded(latencies[-1] if latencies else None)},
        **_judgement(generator, latency["p95"]),
        "series": _series(requests, int(ended - ramp_started), ramp_started),
    }


def _judgement(generator: Generator, p95: float | None) -> dict[str, Any]:
    lag = percentile(sorted(generator.lag_milliseconds), 95) or 0.0
    busy = generator.warned or generator.cpu_percent + generator.waited_percent >= _BUSY_PERCENT
    late = p95 is not None and lag > max(_TIMER_MILLISECONDS, _LAG_SHARE * p95)
    return {
        "generator_bound": busy or late,
        "generator": {
            "cpu_percent": round(generator.cpu_percent, 1),
            "waited_percent": round(generator.waited_percent, 1),
            "lag_p95_ms": _rounded(lag),
            "machine_cpu_percent": round(generator.machine_percent, 1),
        },
    }


def _series(requests: Requests, seconds: int, ramp_started: float) -> list[dict[str, Any]]:
    """One entry per whole second; a second in which no request ended has no percentiles."""
    latencies: dict[int, list[float]] = defaultdict(list)
    failures: dict[int, int] = defaultdict(int)
    for ended, milliseconds, failed in zip(requests.ended, requests.milliseconds, requests.failed, strict=True):
        second = int(ended - ramp_started)
        latencies[second].append(milliseconds)
        failures[second] += failed
    series = []
    for second in range(seconds):
        ordered = sorted(latencies[second])
        series.append(
            {
                "second": second,
                "rps": len(ordered),
                "p50": _rounded(percentile(ordered, 50)),
                "p95": _rounded(percentile(ordered, 95)),
                "failures": failures[second],
            }
        )
    return series


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 3)
