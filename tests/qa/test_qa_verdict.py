"""The bounds of configuration/qa.yml, applied to the results of a load test."""

import copy

import pytest

from mlops.configuration import Qa
from mlops.qa import verdict

BOUNDS = Qa(
    users=10,
    spawn_rate=10.0,
    duration_seconds=15,
    rows_per_request=1,
    p95_milliseconds=500.0,
    p99_milliseconds=1000.0,
    failure_ratio=0.01,
    minimum_throughput=20.0,
)
GOOD = {
    "requests": 1000,
    "failures": 10,
    "failure_ratio": 0.01,
    "throughput": 20.0,
    "latency_ms": {"p50": 10.0, "p95": 500.0, "p99": 1000.0, "max": 1200.0},
    "generator_bound": False,
    "generator": {
        "cpu_percent": 90.0,
        "waited_percent": 7.0,
        "lag_p95_ms": 14.2,
        "machine_cpu_percent": 99.0,
    },
}


def load(**changes):
    """The results of a good run, with changes."""
    found = copy.deepcopy(GOOD)
    found["latency_ms"] |= {key: changes.pop(key) for key in ("p95", "p99") if key in changes}
    return found | changes


def test_values_on_their_bounds_pass():
    assert all(check.passed for check in verdict.judge(load(), BOUNDS))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p95": 612.3}, "p95 latency was 612 ms, configuration/qa.yml allows 500 ms"),
        ({"p99": 4017.0}, "p99 latency was 4,017 ms, configuration/qa.yml allows 1,000 ms"),
        (
            {"failures": 30, "failure_ratio": 0.03},
            "30 of 1,000 requests failed (3.00%), configuration/qa.yml allows 1.00%",
        ),
        ({"throughput": 3.25}, "throughput was 3.2 requests/s, configuration/qa.yml requires 20 requests/s"),
    ],
)
def test_a_value_past_its_bound_fails_with_a_message_that_has_both(changes, message):
    failed = [check for check in verdict.judge(load(**changes), BOUNDS) if not check.passed]
    assert [check.message for check in failed] == [message]


@pytest.mark.parametrize("changes", [{"p95": None}, {"p99": None}, {"failure_ratio": None}, {"throughput": None}])
def test_a_missing_value_fails(changes):
    assert [check.passed for check in verdict.judge(load(**changes), BOUNDS)].count(False) == 1


def test_a_bound_missed_by_the_generator_is_not_blamed_on_the_endpoint():
    p95 = verdict.judge(load(p95=612.0, generator_bound=True), BOUNDS)[0]
    assert not p95.passed
    assert p95.message.startswith("p95 latency was 612 ms, configuration/qa.yml allows 500 ms; ")
    assert "the load generator was the bottleneck (it used 90 % of a core, waited for one" in p95.message


def test_failures_are_never_blamed_on_the_load_generator():
    ratio = verdict.judge(load(failure_ratio=0.5, generator_bound=True), BOUNDS)[2]
    assert "generator" not in ratio.message


def test_a_bound_that_holds_although_the_generator_was_the_bottleneck_passes():
    assert all(check.passed for check in verdict.judge(load(generator_bound=True), BOUNDS))
