"""Credentials for a client whose endpoint is on this machine, and rows to send."""

from collections.abc import Callable, Iterator

import pytest
from endpoint import LABELS, OUTCOME, Model, Request, serving

from mlops.aws.session import Session
from mlops.contract import Number
from mlops.qa.client import Client
from mlops.qa.testset import TestSet, parse

FEATURES = ["duration_minutes", "passenger_count", "trip_distance"]
CSV = ",".join(["total_amount", *FEATURES]) + "\n" + "".join(f"{n + 3.5},{n},1,2.5\n" for n in range(1, 101))

CLASSIFIED = (
    ",".join([OUTCOME.name, *FEATURES]) + "\n" + "".join(f"{LABELS[n > 50]},{n},1,2.5\n" for n in range(1, 101))
)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.fixture
def rows() -> TestSet:
    """100 rows whose target is the sum of their three features."""
    return parse(CSV, "test.csv", Number("total_amount"), FEATURES)


@pytest.fixture
def classified() -> TestSet:
    """100 rows whose label depends on whether the first feature is above 50."""
    return parse(CLASSIFIED, "test.csv", OUTCOME, FEATURES)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Model], tuple[Client, list[Request]]]]:
    """Starts an endpoint with a model; returns a client, and the list of requests that the endpoint receives."""
    running = []

    def start(model: Model) -> tuple[Client, list[Request]]:
        running.append(serving(model))
        url, requests = running[-1].__enter__()
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", url)
        return Client(Session("us-east-1"), "demo-test"), requests

    yield start
    for each in running:
        each.__exit__(None, None, None)
