"""ministack's EventBridge: rules with a schedule run in the cloud's scale of time.

Source: Amazon EventBridge User Guide, "Creating a scheduled rule (legacy)".
"""

from datetime import UTC, datetime, timedelta
from typing import Any

_LOOK_SECONDS = 0.25
# As for the periods of alarms: what a schedule starts needs some time, whatever the time scale.
_LEAST_SECONDS = 1.0
# Division rounds: a run must not come before its time, or it would come twice.
_ROUNDING = timedelta(milliseconds=1)


def shorten(time_scale: float) -> None:
    """Run schedules faster: a rate by the scale, and a cron expression by a clock that runs so much faster from now on."""
    from ministack.services import eventbridge

    rate, following = eventbridge._parse_rate_seconds, eventbridge._cron_next_fire
    origin = datetime.now(UTC)

    def seconds(expression: str) -> float | None:
        found = rate(expression)
        return None if found is None else max(_LEAST_SECONDS, found * time_scale)

    def next_run(fields: Any, after: datetime) -> datetime | None:
        soonest = after + timedelta(seconds=_LEAST_SECONDS)
        if not time_scale:
            return soonest
        found = following(fields, origin + (after - origin) / time_scale)
        return None if found is None else max(soonest, origin + (found - origin) * time_scale + _ROUNDING)

    eventbridge._parse_rate_seconds, eventbridge._cron_next_fire = seconds, next_run
    eventbridge._SCHEDULER_TICK_INTERVAL = _LOOK_SECONDS
