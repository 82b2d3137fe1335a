"""The alarms of a project that are active."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from mlops.aws import paging
from mlops.aws.session import Session
from mlops.names import Names

# The description of each alarm in infra/ ends in this.
_SECTION = re.compile(r"In docs/operations\.md - (?P<section>.+)$")


@dataclass(frozen=True)
class Alarm:
    """An alarm in the state ALARM; `section` is the heading of docs/operations.md, empty for an alarm without one."""

    name: str
    since: datetime
    section: str = ""


def active(session: Session, names: Names) -> list[Alarm]:
    """The project's metric alarms in the state ALARM, those that are active longest first."""
    found = paging.items(
        session.client("cloudwatch"),
        "describe_alarms",
        "MetricAlarms",
        AlarmNamePrefix=f"{names.project}-",
        StateValue="ALARM",
    )
    own = (_alarm(each) for each in found if names.is_own_alarm(each["AlarmName"]))
    return sorted(own, key=lambda alarm: (alarm.since, alarm.name))


def _alarm(found: dict) -> Alarm:
    section = _SECTION.search(found.get("AlarmDescription", ""))
    since = found.get("StateTransitionedTimestamp") or found["StateUpdatedTimestamp"]
    return Alarm(found["AlarmName"], since, section["section"] if section else "")
