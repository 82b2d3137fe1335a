"""The load test with locust itself, against an endpoint on this machine."""

import csv

import pytest
from baking import REPOSITORY
from endpoint import broken, classifier, slow, sum_model

from mlops.configuration import Qa
from mlops.errors import PipelineError
from mlops.qa import load, verdict

pytestmark = pytest.mark.acceptance

# Shorter than qa.yml allows, to keep the tests short.
SETTINGS = Qa.model_construct(
    users=4,
    spawn_rate=4.0,
    duration_seconds=1,
    rows_per_request=3,
    wait_milliseconds=0.0,
    p95_milliseconds=500.0,
    p99_milliseconds=1000.0,
    failure_ratio=0.0,
    minimum_throughput=20.0,
)


def run(rows, output, root=REPOSITORY, **settings):
    return load.run(root, output, "demo-test", "us-east-1", rows.rows, SETTINGS.model_copy(update=settings))


def test_a_load_test_returns_measurements_and_writes_locusts_files(serve, rows, tmp_path):
    _, requests = serve(slow(0.05))
    found = run(rows, tmp_path, duration_seconds=3)
    assert found["failures"] == 0
    in_time = round(found["throughput"] * found["duration_seconds"])
    assert 0 <= in_time <= found["requests"], "a response after the end counts for latency only"
    assert found["requests"] > 0
    assert 50 <= found["latency_ms"]["p50"] <= found["latency_ms"]["p95"] <= found["latency_ms"]["max"]
    assert [second["second"] for second in found["series"]] == list(range(len(found["series"])))
    assert found["generator"]["cpu_percent"] > 0
    assert {file.name for file in tmp_path.iterdir()} == {
        "locust.html",
        "locust.log",
        "locust_exceptions.csv",
        "locust_failures.csv",
        "locust_stats.csv",
        "locust_stats_history.csv",
    }
    with (tmp_path / "locust_stats.csv").open() as file:
        assert int(next(csv.DictReader(file))["Request Count"]) == found["requests"]
    assert {request.body.count(b"\n") for request in requests} == {3}, "rows_per_request is 3"
    assert len({request.port for request in requests}) <= 4, "each user keeps one connection"


def test_requests_that_fail_are_counted_with_their_reason(serve, rows, tmp_path):
    serve(broken)
    found = run(rows, tmp_path)
    assert found["failures"] == found["requests"] > 0
    assert found["throughput"] == 0
    assert "division by zero" in (tmp_path / "locust_failures.csv").read_text()
    failure_ratio, throughput = verdict.judge(found, SETTINGS)[2:]
    assert not failure_ratio.passed
    assert not throughput.passed


def test_a_response_with_too_few_predictions_is_a_failure(serve, rows, tmp_path):
    serve(lambda content_type, body, accept: (200, "1.0"))
    assert run(rows, tmp_path)["failure_ratio"] == 1
    assert "1 predictions for 3 rows" in (tmp_path / "locust_failures.csv").read_text()


def test_a_label_with_a_space_is_one_prediction(serve, rows, tmp_path):
    serve(classifier)
    assert run(rows, tmp_path)["failures"] == 0


def test_a_pause_between_requests_sets_the_rate(serve, rows, tmp_path):
    serve(sum_model)
    found = run(rows, tmp_path, wait_milliseconds=100.0, duration_seconds=2)
    assert found["requests"] > 0
    assert found["throughput"] <= 1.1 * 4 / 0.1


def repository(root, locustfile):
    """A repository with a locustfile of its own."""
    (root / "load").mkdir()
    (root / "load" / "locustfile.py").write_text(f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n{locustfile}")
    return root


def test_a_generator_that_cannot_keep_up_is_reported(serve, rows, tmp_path):
    serve(sum_model)
    assert run(rows, tmp_path, root=repository(tmp_path, BUSY_LOCUSTFILE), duration_seconds=3)["generator_bound"]


def test_a_run_ends_at_the_maximum_number_of_requests(serve, rows, tmp_path):
    serve(sum_model)
    found = run(rows, tmp_path, root=repository(tmp_path, LIMITED_LOCUSTFILE), duration_seconds=600)
    assert found["duration_seconds"] < 600
    assert found["requests"] >= 50


def test_a_run_is_stopped_after_its_time_limit(serve, rows, tmp_path):
    serve(sum_model)
    with pytest.raises(PipelineError, match="did not end in time"):
        load.run(REPOSITORY, tmp_path, "demo-test", "us-east-1", rows.rows, SETTINGS, grace_seconds=-0.5)


BUSY_LOCUSTFILE = """
import time
from locust import task
from mlops.qa.generator.user import EndpointUser

class Busy(EndpointUser):
    @task
    def think_hard(self):
        self.invoke(next(self.requests))
        begin = time.perf_counter()
        while time.perf_counter() - begin < 0.02:
            pass
"""


LIMITED_LOCUSTFILE = """
from locust import task
from mlops.qa.generator import recorder
from mlops.qa.generator.user import EndpointUser

recorder.MAXIMUM_REQUESTS = 50

class Client(EndpointUser):
    @task
    def predict(self):
        self.invoke(next(self.requests))
"""


def test_a_locustfile_that_cannot_be_imported_is_an_error_with_the_reason(rows, tmp_path):
    with pytest.raises(PipelineError, match="No module named 'taxis'"):
        run(rows, tmp_path, root=repository(tmp_path, "import taxis"))
