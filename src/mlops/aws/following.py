"""Follows an execution until it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlops.aws import activity, executions, polling
from mlops.aws.executions import PENDING, Action, Execution
from mlops.aws.session import Session
from mlops.names import Names


@dataclass(frozen=True)
class Change:
    """A change of an action's state."""

    action: Action
    before: str
    after: str


def follow(session: Session, names: Names, execution_id: str) -> Iterator[Execution]:
    """Yield the execution after each change, with the activity of its running actions.

    Ends after the execution has ended. Polls a second after a change, and less often while nothing changes.
    """
    previous, backoff = None, polling.Backoff(shortest_seconds=1.0)
    while True:
        execution = executions.read(session, names.pipeline, execution_id)
        execution = activity.with_activities(session, names, execution)
        if execution != previous:
            backoff.changed()
            yield execution
        if execution.finished:
            return
        previous = execution
        backoff.sleep()


def changes(before: Execution | None, after: Execution) -> list[Change]:
    """The actions whose state changed, in the order of the changes; without `before`, all that have started."""
    earlier = {action.path: action.state for action in before.actions} if before else {}
    changed = [
        Change(action, earlier.get(action.path, PENDING), action.state)
        for action in after.actions
        if action.state != earlier.get(action.path, PENDING)
    ]
    return sorted(changed, key=lambda change: _moment(change.action))


def _moment(action: Action) -> float:
    moment = action.ended or action.started
    return moment.timestamp() if moment else 0.0
