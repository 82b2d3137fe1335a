"""Checks the load test's results against the bounds of configuration/qa.yml."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mlops.configuration import Qa
from mlops.qa.result import Check

_FILE = "configuration/qa.yml"


def judge(load: dict[str, Any], bounds: Qa) -> list[Check]:
    """One check per bound. A value that could not be measured fails."""
    latency = load["latency_ms"]
    return [
        _explained(_latency("p95 latency", latency["p95"], bounds.p95_milliseconds), load),
        _explained(_latency("p99 latency", latency["p99"], bounds.p99_milliseconds), load),
        _failures(load, bounds),
        _explained(_throughput(load, bounds), load),
    ]


def _latency(name: str, value: float | None, bound: float) -> Check:
    if value is None:
        return _unmeasured(name, bound, "ms")
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    message = f"{name} was {shown} ms, {_FILE} allows {bound:,g} ms"
    return Check(name, value <= bound, value, bound, "ms", message)


def _failures(load: dict[str, Any], bounds: Qa) -> Check:
    name, value, bound = "failure ratio", load["failure_ratio"], bounds.failure_ratio
    if value is None:
        return _unmeasured(name, bound, "of the requests")
    message = f"{load['failures']:,} of {load['requests']:,} requests failed ({value:.2%}), {_FILE} allows {bound:.2%}"
    return Check(name, value <= bound, value, bound, "of the requests", message)


def _throughput(load: dict[str, Any], bounds: Qa) -> Check:
    name, value, bound = "throughput", load["throughput"], bounds.minimum_throughput
    unit = "requests/s"
    if value is None:
        return _unmeasured(name, bound, unit)
    message = f"throughput was {value:,.1f} {unit}, {_FILE} requires {bound:,g} {unit}"
    return Check(name, value >= bound, value, bound, unit, message)


def _unmeasured(name: str, bound: float, unit: str) -> Check:
    message = f"{name} could not be measured: no request ended while all users were running"
    return Check(name, False, None, bound, unit, message)


def _explained(check: Check, load: dict[str, Any]) -> Check:
    """The check, with an explanation if its bound was missed while the load generator was the bottleneck."""
    if check.passed or not load["generator_bound"]:
        return check
    return replace(check, message=f"{check.message}; {generator_message(load)}")


def generator_message(load: dict[str, Any]) -> str:
    """The explanation of a run in which the load generator was the bottleneck, and what to change."""
    generator = load["generator"]
    return (
        f"the load generator was the bottleneck (it used {generator['cpu_percent']:.0f} % of a core, waited "
        f"for one for {generator['waited_percent']:.0f} % of the time and "
        f"woke {generator['lag_p95_ms']:.1f} ms late), "
        "so this is a limit of the generator and not of the endpoint: "
        f"give {_FILE} fewer users or the build a larger machine"
    )
