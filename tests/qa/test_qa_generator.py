"""The load generator: its signed requests, and the summary of its measurements."""

import hashlib
import hmac
import subprocess
import sys
import time
import urllib.request
from array import array
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from endpoint import sum_model

from mlops.qa.generator.requests import Invocations, pool
from mlops.qa.generator.summary import Generator, Requests, percentile, summarise

IDLE = Generator(cpu_percent=20.0, waited_percent=5.0, machine_percent=30.0, lag_milliseconds=[0.1] * 20)


def recorded(*entries):
    """Requests from tuples (ended, milliseconds, failed)."""
    ended, milliseconds, failed = zip(*entries, strict=True)
    return Requests(array("d", ended), array("d", milliseconds), bytearray(failed))


def test_a_prepared_request_carries_a_signature_that_aws_would_accept(serve):
    _, requests = serve(sum_model)
    raw = Invocations("demo-test").prepare(b"1,2,3\n")
    send(raw)
    (request,) = requests
    assert request.path == "/endpoints/demo-test/invocations"
    assert request.body == b"1,2,3\n"
    given = request.headers["Authorization"].rpartition("Signature=")[2]
    assert given == signature(request, secret="test")


def test_the_time_of_the_run_begins_after_the_imports():
    """In a process of its own: locust patches the standard library."""
    program = """
import time
import gevent
from locust import events
from locust.env import Environment
from mlops.qa.generator import options
options.register()
loop = gevent.get_hub().loop
gevent.sleep(0)
before, started = loop.now(), time.perf_counter()
while time.perf_counter() - started < 0.2:
    pass
assert loop.now() == before, "the loop's time does not pass by itself"
events.init.fire(environment=Environment(), runner=None, web_ui=None)
assert loop.now() - before >= 0.19
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def send(raw):
    """Send the same bytes with another HTTP client."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    url = f"http://{headers['Host']}{first.split()[1]}"
    with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers)) as answer:
        return answer.read()


def signature(request, secret):
    """Signature Version 4, from https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html."""
    fields = request.headers["Authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(", ")
    found = dict(field.split("=", 1) for field in fields)
    names = found["SignedHeaders"].split(";")
    canonical = "\n".join(
        [
            "POST",
            urlsplit(request.path).path,
            "",
            *(f"{name}:{request.headers[name].strip()}" for name in names),
            "",
            found["SignedHeaders"],
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    scope = found["Credential"].split("/", 1)[1]
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", request.headers["X-Amz-Date"], scope, digest])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()


def test_a_request_is_signed_once_and_again_before_the_signature_expires(serve, monkeypatch):
    serve(sum_model)
    invocations = Invocations("demo-test")
    (invocation,) = pool(invocations, ["1,2,3"], 1)
    signed = bytes(invocation)
    assert bytes(invocation) is signed
    later = time.monotonic() + 130
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert bytes(invocation) is not signed


@pytest.mark.parametrize(
    ("available", "rows_per_request", "requests"), [(100, 1, 100), (1000, 1, 256), (10, 4, 2), (3, 8, 1)]
)
def test_the_pool_has_different_requests_with_the_configured_number_of_rows(
    serve, available, rows_per_request, requests
):
    serve(sum_model)
    found = pool(Invocations("demo-test"), [f"{n},1,2" for n in range(available)], rows_per_request)
    assert len({invocation.body for invocation in found}) == len(found) == requests
    assert {invocation.body.count(b"\n") for invocation in found} == {rows_per_request}


@pytest.mark.parametrize(("percent", "value"), [(50, 5), (90, 9), (95, 10), (99, 10), (100, 10), (1, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent, value):
    assert percentile(range(1, 11), percent) == value


def test_no_measurements_have_no_percentile():
    assert percentile([], 95) is None


def test_requests_during_the_ramp_are_in_the_series_only():
    requests = recorded((0.5, 900.0, 1), (1.5, 10.0, 0), (2.5, 20.0, 0))
    found = summarise(requests, IDLE, ramp_started=0.0, started=1.0, ended=3.0)
    assert found["requests"] == 2
    assert found["failures"] == 0
    assert found["throughput"] == 1.0
    assert found["latency_ms"]["max"] == 20.0
    assert [(second["rps"], second["failures"]) for second in found["series"]] == [(1, 1), (1, 0), (1, 0)]


def test_a_response_after_the_end_counts_for_latency_and_not_for_throughput():
    requests = recorded((0.5, 10.0, 0), (9.0, 8500.0, 0))
    found = summarise(requests, IDLE, ramp_started=0.0, started=0.0, ended=1.0)
    assert found["latency_ms"]["p99"] == 8500.0
    assert found["throughput"] == 1.0


def test_a_second_without_a_response_is_in_the_series():
    requests = recorded((0.5, 10.0, 0), (2.5, 2000.0, 0))
    found = summarise(requests, IDLE, ramp_started=0.0, started=0.0, ended=3.0)
    assert [second["rps"] for second in found["series"]] == [1, 0, 1]
    assert found["series"][1]["p95"] is None


@pytest.mark.parametrize(
    ("change", "bound"),
    [
        ({}, False),
        ({"cpu_percent": 95.0}, True),
        ({"cpu_percent": 55.0, "waited_percent": 40.0}, True),
        ({"lag_milliseconds": [8.0] * 20}, True),
        ({"lag_milliseconds": [4.0] * 20}, False),
        ({"warned": True}, True),
    ],
    ids=["idle", "its core is busy", "others have its core", "its loop is late", "a little late", "warned"],
)
def test_a_saturated_generator_is_detected(change, bound):
    generator = replace(IDLE, **change)
    found = summarise(recorded((0.5, 10.0, 0)), generator, ramp_started=0.0, started=0.0, ended=1.0)
    assert found["generator_bound"] is bound


def test_a_run_without_requests_has_no_latency():
    found = summarise(Requests(array("d"), array("d"), bytearray()), IDLE, 0.0, 0.0, 2.0)
    assert found["failure_ratio"] is None
    assert found["latency_ms"]["p95"] is None
    assert found["throughput"] == 0
