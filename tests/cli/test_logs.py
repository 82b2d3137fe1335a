"""Logs are read through CloudWatch Logs' own calls."""

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from mlops.aws import logs
from mlops.aws.logs import LogPlace
from mlops.aws.session import Session


@pytest.fixture
def place(session: Session) -> LogPlace:
    group = f"/test/{uuid.uuid4().hex[:8]}"
    session.client("logs").create_log_group(logGroupName=group)
    return LogPlace(group, "job/")


def write(session: Session, place: LogPlace, stream: str, *lines: str, at: int = 0) -> None:
    client = session.client("logs")
    now = time.time_ns() // 1_000_000 - 10_000 + at
    if not client.describe_log_streams(logGroupName=place.group, logStreamNamePrefix=stream)["logStreams"]:
        client.create_log_stream(logGroupName=place.group, logStreamName=stream)
    events = [{"timestamp": now + n, "message": line} for n, line in enumerate(lines)]
    client.put_log_events(logGroupName=place.group, logStreamName=stream, logEvents=events)


def messages(events) -> list[str]:
    return [event.message for event in events]


def test_the_tail_is_the_last_lines_of_all_streams_in_order(session: Session, place: LogPlace):
    write(session, place, "job/algo-1", "a", "c", at=0)
    write(session, place, "job/algo-2", "b", "d", at=500)
    write(session, place, "other/algo-1", "not meant", at=900)
    assert messages(logs.tail(session, place)) == ["a", "c", "b", "d"]
    assert messages(logs.tail(session, place, limit=2)) == ["b", "d"]


def test_of_a_whole_group_the_newest_streams_are_read(session: Session, place: LogPlace):
    group = LogPlace(place.group)
    for number in range(51):
        # The names say nothing of the age.
        write(session, group, f"{99 - number}", f"line {number}", at=number)
    assert messages(logs.tail(session, group)) == [f"line {number}" for number in range(1, 51)]


def test_the_tail_of_a_time_has_only_its_lines(session: Session, place: LogPlace):
    write(session, place, "job/algo-1", "too early", at=-60_000)
    write(session, place, "job/algo-2", "meant")
    now = datetime.now(UTC)
    assert messages(logs.tail(session, place, between=(now - timedelta(seconds=30), now))) == ["meant"]


def test_a_log_that_does_not_exist_yet_is_empty(session: Session):
    assert logs.tail(session, LogPlace("/no/such/group")) == []


def test_following_gives_every_line_once_until_the_end(session: Session, place: LogPlace):
    write(session, place, "job/algo-1", "first", "second")
    rounds = iter(["more", "last", None])

    def finished() -> bool:
        line = next(rounds)
        if line:
            write(session, place, "job/algo-1", line, at=1000)
        return line is None

    found = logs.follow(session, place, finished=finished, pause_seconds=0)
    assert sorted(messages(found)) == ["first", "last", "more", "second"]


def test_a_place_is_read_from_the_arn_of_a_stream():
    arn = "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/codepipeline/demo:log-stream:Build/Image"
    assert LogPlace.from_arn(arn) == LogPlace("/aws/codepipeline/demo", "Build/Image")
