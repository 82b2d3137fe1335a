"""ministack's EventBridge: rules with a schedule run in the cloud's scale of time.

Source: Amazon EventBridge User Guide, "Creating a scheduled rule (legacy)".
"""

from datetime import UTC, datetime, timedelta
from typing import Any

_TICK_SECONDS = 0.25
# A lower bound, like that of the periods of alarms: what a schedule starts needs some time, whatever the time scale.
_LEAST_SECONDS = 1.0
# The conversion between the clocks rounds: before its time, a run would find the same time as its next one.
_ROUNDING = timedelta(milliseconds=1)


def shorten(time_scale: float) -> None:
    """Run schedules faster: multiply rates by the scale, and read cron expressions on a clock that is faster from now on."""
    from ministack.services import eventbridge

    original_seconds, original_next = eventbridge._parse_rate_seconds, eventbridge._cron_next_fire
    origin = datetime.now(UTC)

    def seconds(expression: str) -> float | None:
        found = original_seconds(expression)
        return None if found is None else max(_LEAST_SECONDS, found * time_scale)

    def next_run(fields: Any, after: datetime) -> datetime | None:
        soonest = after + timedelta(seconds=_LEAST_SECONDS)
        if not time_scale:
            return soonest
        found = original_next(fields, origin + (after - origin) / time_scale)
        return None if found is None else max(soonest, origin + (found - origin) * time_scale + _ROUNDING)

    eventbridge._parse_rate_seconds, eventbridge._cron_next_fire = seconds, next_run
    eventbridge._SCHEDULER_TICK_INTERVAL = _TICK_SECONDS
