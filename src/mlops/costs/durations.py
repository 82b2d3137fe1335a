"""How long the steps of a release took, from past releases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from mlops.aws.executions import Execution
from mlops.aws.jobs import Job


@dataclass(frozen=True)
class PastRelease:
    """A release that succeeded, with its jobs."""

    execution: Execution
    jobs: Sequence[Job]


@dataclass(frozen=True)
class History:
    """Past releases, newest first, or the reason why there are none; and past jobs of monitoring."""

    releases: Sequence[PastRelease] = field(default=())
    reason: str = ""
    monitored: Sequence[Job] = field(default=())

    def action(self, path: str) -> float | None:
        """The median minutes of an action, given as "Stage/Action"."""
        return self._median(
            lambda past: [
                action.span for action in past.execution.actions if action.path == path and not action.retried
            ]
        )

    def job(self, kind: str) -> float | None:
        """The median minutes of the jobs of a kind of `aws.jobs`."""
        return self._median(lambda past: [(job.started, job.ended) for job in past.jobs if job.kind == kind])

    def monitoring(self) -> float | None:
        """The median minutes of a job of monitoring."""
        minutes = [
            (job.ended - job.started).total_seconds() / 60 for job in self.monitored if job.started and job.ended
        ]
        return median(minutes) if minutes else None

    def between(self, first: str, last: str) -> float | None:
        """The median minutes from the start of one action to the end of another."""

        def span(past: PastRelease) -> list[tuple[datetime | None, datetime | None] | None]:
            actions = {action.path: action for action in past.execution.actions}
            return [(actions[first].started, actions[last].ended)] if first in actions and last in actions else []

        return self._median(span)

    def _median(
        self, spans: Callable[[PastRelease], Sequence[tuple[datetime | None, datetime | None] | None]]
    ) -> float | None:
        minutes = [
            (span[1] - span[0]).total_seconds() / 60
            for past in self.releases
            for span in spans(past)
            if span and span[0] and span[1]
        ]
        return median(minutes) if minutes else None
