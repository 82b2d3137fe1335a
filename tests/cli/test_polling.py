"""AWS is polled ever less often, and throttled calls are retried."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import json_service
import pytest

from mlops.aws import polling, stacks
from mlops.aws.session import AWSError, Session


def test_the_pause_between_polls_grows_with_time():
    pauses, waited = [], 0.0
    while waited < 600:
        pauses.append(polling.pause(waited))
        assert pauses[-1] <= max(0.5, waited / 10)
        waited += pauses[-1]
    assert (pauses[0], pauses[-1]) == (0.5, 5)
    assert all(before <= after for before, after in pairwise(pauses))
    assert len(pauses) < 150


def test_events_of_a_stack_are_read_only_as_far_as_they_are_new(session: Session, monkeypatch: pytest.MonkeyPatch):
    known, new = ({"EventId": each, "Timestamp": each} for each in ("known", "new"))

    class Client:
        def get_paginator(self, operation: str):
            assert operation == "describe_stack_events"
            return self

        def paginate(self, StackName: str) -> Iterator[dict]:
            yield {"StackEvents": [new, known]}
            raise AssertionError("another page is read")

    monkeypatch.setattr(session, "client", lambda service: Client())
    last = stacks.StackEvent("known", "known", "stack", "", "", "")
    assert [event.id for event in stacks._events_after(session, "stack", last)] == ["new"]


@pytest.fixture
def responses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, str]]]:
    """Responses of a fake AWS: a status and an error code for each request, then success."""
    remaining: list[tuple[int, str]] = []

    def respond(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if remaining:
            status, code = remaining.pop(0)
            raise json_service.ServiceError(code, code, status)
        return {"pipelines": []}

    # Skip the pauses between attempts, which would take a minute.
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *_, **__: True)
    with json_service.configured(monkeypatch, respond):
        yield remaining


def test_a_throttled_call_is_retried_until_it_succeeds(responses: list[tuple[int, str]]):
    responses += [(400, "ThrottlingException")] * 8
    assert Session("eu-central-1").client("codepipeline").list_pipelines()["pipelines"] == []
    assert responses == []


def test_calls_to_a_busy_aws_are_given_up(responses: list[tuple[int, str]]):
    responses += [(400, "ThrottlingException")] * 20
    with pytest.raises(AWSError, match="ThrottlingException"):
        Session("eu-central-1").client("codepipeline").list_pipelines()
    assert len(responses) == 20 - 10


def test_a_failing_call_is_attempted_three_times(responses: list[tuple[int, str]]):
    responses += [(500, "InternalFailure")] * 20
    with pytest.raises(AWSError, match="InternalFailure"):
        Session("eu-central-1").client("codepipeline").list_pipelines()
    assert len(responses) == 20 - 3


def test_a_refused_call_is_not_retried(responses: list[tuple[int, str]]):
    responses += [(400, "ValidationException")] * 2
    with pytest.raises(AWSError, match="ValidationException"):
        Session("eu-central-1").client("codepipeline").list_pipelines()
    assert len(responses) == 1
