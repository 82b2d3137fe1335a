"""CloudWatch Logs of a job, a build, an endpoint or a function."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mlops.aws import paging
from mlops.aws.session import AWSError, Session

# Each execution environment of a Lambda function writes its own stream, and a stream outlives its expired events.
_NEWEST_STREAMS = 50


@dataclass(frozen=True)
class LogLocation:
    """A log group, and the prefix of its streams' names ("" for all streams)."""

    group: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.group} {self.prefix}".rstrip(" /")

    @classmethod
    def from_arn(cls, arn: str) -> LogLocation:
        """The location that a log stream's ARN names: arn:aws:logs:region:account:log-group:G:log-stream:S."""
        group_and_stream = arn.split(":log-group:", 1)[1]
        group, _, stream = group_and_stream.partition(":log-stream:")
        return cls(group, stream)


@dataclass(frozen=True)
class LogEvent:
    timestamp: datetime
    stream: str
    message: str


def exists(session: Session, group: str) -> bool:
    """Whether the log group exists."""
    found = paging.items(session.client("logs"), "describe_log_groups", "logGroups", logGroupNamePrefix=group)
    return any(each["logGroupName"] == group for each in found)


def tail(
    session: Session, location: LogLocation, limit: int = 100, between: tuple[datetime, datetime] | None = None
) -> list[LogEvent]:
    """The last `limit` lines, oldest first, by default of any time; empty while the location has no events."""
    client = session.client("logs")
    time_range = dict(zip(("startTime", "endTime"), map(_milliseconds, between), strict=True)) if between else {}
    events = []
    try:
        for stream in _streams(client, location):
            response = client.get_log_events(
                logGroupName=location.group, logStreamName=stream, limit=limit, startFromHead=False, **time_range
            )
            events += [_event(each, stream) for each in response["events"]]
    except AWSError as error:
        if error.code != "ResourceNotFoundException":
            raise
        return []
    return sorted(events, key=lambda event: event.timestamp)[-limit:]


def follow(
    session: Session, location: LogLocation, *, finished: Callable[[], bool], pause_seconds: float = 1.0
) -> Iterator[LogEvent]:
    """Every line from the beginning, then new lines as they arrive; ends with a last read after `finished`."""
    client = session.client("logs")
    tokens: dict[str, str] = {}
    while True:
        last_round = finished()
        new = _new_events(client, location, tokens)
        yield from sorted(new, key=lambda event: event.timestamp)
        if last_round:
            return
        if not new:
            time.sleep(pause_seconds)


def create_group(session: Session, group: str, *, key_arn: str, retention_days: int) -> None:
    """Create an encrypted log group whose events expire. An existing group is not changed."""
    client = session.client("logs")
    try:
        client.create_log_group(logGroupName=group, kmsKeyId=key_arn)
    except AWSError as error:
        if error.code != "ResourceAlreadyExistsException":
            raise
        return
    client.put_retention_policy(logGroupName=group, retentionInDays=retention_days)


def _new_events(client: Any, location: LogLocation, tokens: dict[str, str]) -> list[LogEvent]:
    """The lines since the last call; `tokens` keeps the position in each stream."""
    events: list[LogEvent] = []
    try:
        for stream in _streams(client, location):
            while True:
                position = {"nextToken": tokens[stream]} if stream in tokens else {}
                response = client.get_log_events(
                    logGroupName=location.group, logStreamName=stream, startFromHead=True, **position
                )
                events += [_event(each, stream) for each in response["events"]]
                # At the end of a stream AWS returns the token of the request.
                if response["nextForwardToken"] == tokens.get(stream):
                    break
                tokens[stream] = response["nextForwardToken"]
    except AWSError as error:
        if error.code != "ResourceNotFoundException":
            raise
    return events


def _streams(client: Any, location: LogLocation) -> list[str]:
    """The names of the location's streams; without a prefix, of the group's newest ones."""
    prefix = {"logStreamNamePrefix": location.prefix} if location.prefix else {}
    streams = list(paging.items(client, "describe_log_streams", "logStreams", logGroupName=location.group, **prefix))
    if not location.prefix:
        # CloudWatch Logs updates lastEventTimestamp late, so a new stream is ordered by its creation.
        streams.sort(key=lambda stream: max(stream["creationTime"], stream.get("lastEventTimestamp", 0)))
        streams = streams[-_NEWEST_STREAMS:]
    return [stream["logStreamName"] for stream in streams]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _event(event: dict, stream: str) -> LogEvent:
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return LogEvent(moment, stream, event["message"].rstrip("\n"))
