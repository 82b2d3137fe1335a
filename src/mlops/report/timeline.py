"""The pipeline's actions and jobs as bars on one axis of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlops.report.view import tone

# The largest share of the axis for time that waits for approval: a day of waiting would hide an hour of work.
_WAITING_SHARE = 0.1


@dataclass(frozen=True)
class Bar:
    """A row of the timeline. `left` and `width` are percent of the axis, None before the start."""

    name: str
    state: str
    tone: str
    seconds: float | None
    left: float | None
    width: float | None
    job: bool = False
    person: bool = False
    link: str = ""


class Clock:
    """Maps moments to percent of the axis, on which waiting for approval is shortened."""

    def __init__(self, begin: datetime, end: datetime, waiting: list[tuple[datetime, datetime]]) -> None:
        self._begin = begin
        self._waiting = [((start - begin).total_seconds(), (stop - begin).total_seconds()) for start, stop in waiting]
        total = max((end - begin).total_seconds(), 1e-3)
        waited = sum(stop - start for start, stop in self._waiting)
        self._scale = min(1.0, _WAITING_SHARE * max(total - waited, 1e-3) / waited) if waited else 1.0
        self._length = self._drawn(total)

    def percent(self, moment: datetime) -> float:
        return 100 * self._drawn((moment - self._begin).total_seconds()) / self._length

    def _drawn(self, seconds: float) -> float:
        cut = sum(max(0.0, min(seconds, stop) - start) for start, stop in self._waiting)
        return seconds - cut * (1 - self._scale)


def bars(document: dict[str, Any]) -> list[Bar]:
    """One bar per action, and one per job after the action that started it."""
    actions = [action for stage in document["stages"] for action in stage["actions"]]
    now = datetime.fromisoformat(document["written"])
    spans = [span for action in actions if (span := _span(action, now))]
    if not spans:
        return [_bar(action, None, now) for action in actions]
    waiting = [span for action in actions if action["category"] == "Approval" and (span := _span(action, now))]
    clock = Clock(min(start for start, _ in spans), max(stop for _, stop in spans), waiting)
    rows = []
    for action in actions:
        rows.append(_bar(action, clock, now))
        if action["provider"] == "StepFunctions":
            rows += [_bar(job, clock, now) for job in document["jobs"]]
    return rows


def _bar(item: dict[str, Any], clock: Clock | None, now: datetime) -> Bar:
    job = "kind" in item
    state = item["status"] if job else item["state"]
    span = _span(item, now)
    left = width = None
    if clock and span:
        left = round(min(100.0, max(0.0, clock.percent(span[0]))), 2)
        width = round(max(0.0, min(100.0, clock.percent(span[1])) - left), 2)
    return Bar(
        name=item["kind"] if job else item["path"],
        state=state,
        tone=tone(state),
        seconds=item["seconds"],
        left=left,
        width=width,
        job=job,
        person=item.get("category") == "Approval",
        link=item.get("link") or "",
    )


def _span(item: dict[str, Any], now: datetime) -> tuple[datetime, datetime] | None:
    if item["started"] is None:
        return None
    started = datetime.fromisoformat(item["started"])
    return started, datetime.fromisoformat(item["ended"]) if item["ended"] else max(now, started)
