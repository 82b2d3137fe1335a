"""Logs are read through CloudWatch Logs' own calls."""

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from mlops.aws import logs
from mlops.aws.logs import LogLocation
from mlops.aws.session import Session


@pytest.fixture
def location(session: Session) -> LogLocation:
    group = f"/test/{uuid.uuid4().hex[:8]}"
    session.client("logs").create_log_group(logGroupName=group)
    return LogLocation(group, "job/")


def write(session: Session, location: LogLocation, stream: str, *lines: str, at: int = 0) -> None:
    client = session.client("logs")
    now = time.time_ns() // 1_000_000 - 10_000 + at
    if not client.describe_log_streams(logGroupName=location.group, logStreamNamePrefix=stream)["logStreams"]:
        client.create_log_stream(logGroupName=location.group, logStreamName=stream)
    events = [{"timestamp": now + n, "message": line} for n, line in enumerate(lines)]
    client.put_log_events(logGroupName=location.group, logStreamName=stream, logEvents=events)


def messages(events) -> list[str]:
    return [event.message for event in events]


def test_the_tail_is_the_last_lines_of_all_streams_in_order(session: Session, location: LogLocation):
    write(session, location, "job/algo-1", "a", "c", at=0)
    write(session, location, "job/algo-2", "b", "d", at=500)
    write(session, location, "other/algo-1", "not meant", at=900)
    assert messages(logs.tail(session, location)) == ["a", "c", "b", "d"]
    assert messages(logs.tail(session, location, limit=2)) == ["b", "d"]


def test_of_a_whole_group_the_newest_streams_are_read(session: Session, location: LogLocation):
    group = LogLocation(location.group)
    for number in range(51):
        # The names say nothing of the age.
        write(session, group, f"{99 - number}", f"line {number}", at=number)
    assert messages(logs.tail(session, group)) == [f"line {number}" for number in range(1, 51)]


def test_the_tail_of_a_time_has_only_its_lines(session: Session, location: LogLocation):
    write(session, location, "job/algo-1", "too early", at=-60_000)
    write(session, location, "job/algo-2", "meant")
    now = datetime.now(UTC)
    assert messages(logs.tail(session, location, between=(now - timedelta(seconds=30), now))) == ["meant"]


def test_a_log_that_does_not_exist_yet_is_empty(session: Session):
    assert logs.tail(session, LogLocation("/no/such/group")) == []


def test_following_gives_every_line_once_until_the_end(session: Session, location: LogLocation):
    write(session, location, "job/algo-1", "first", "second")
    rounds = iter(["more", "last", None])

    def finished() -> bool:
        line = next(rounds)
        if line:
            write(session, location, "job/algo-1", line, at=1000)
        return line is None

    events = logs.follow(session, location, finished=finished, pause_seconds=0)
    assert sorted(messages(events)) == ["first", "last", "more", "second"]


def test_a_place_is_read_from_the_arn_of_a_stream():
    arn = "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/codepipeline/demo:log-stream:Build/Image"
    assert LogLocation.from_arn(arn) == LogLocation("/aws/codepipeline/demo", "Build/Image")
