"""Shows an execution in the terminal: as a live table, or as one line per change. Both show the same rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import shorten
from typing import TYPE_CHECKING, Protocol

from mlops.aws.executions import ABANDONED, FAILED, IN_PROGRESS, PENDING, SUCCEEDED, Action, Execution
from mlops.aws.following import changes
from mlops.cli import console
from mlops.names import short

if TYPE_CHECKING:
    from rich.table import Table

# An ARN up to the name at its end.
_ARN = re.compile(r"\barn:[^\s'\"]*[:/](?=[^\s'\":/]+)")
_WORDS = {
    PENDING: "",
    IN_PROGRESS: "running",
    SUCCEEDED: "done",
    FAILED: "failed",
    ABANDONED: "abandoned",
}
_STYLES = {
    "running": "cyan",
    "waiting": "yellow",
    "done": "green",
    "failed": "bold red",
    "rejected": "bold red",
    "stopped": "red",
    "abandoned": "red",
}


@dataclass(frozen=True)
class Row:
    """The table's cells for one action, as text."""

    stage: str
    action: str
    state: str
    time: str
    note: str


class Display(Protocol):
    """Receives the execution after each change."""

    def update(self, execution: Execution) -> None: ...


def rows(execution: Execution) -> list[Row]:
    """One row per action, in the order of the pipeline; the time of a running action goes up to now."""
    return [
        Row(
            stage=action.stage if n == 0 else "",
            action=action.name,
            state=state_word(action, stopped=execution.stopped),
            time="" if action.state == PENDING else console.between(action.started, action.ended),
            note=note(action, execution),
        )
        for stage in execution.stages
        for n, action in enumerate(stage.actions)
    ]


def state_word(action: Action, *, stopped: bool) -> str:
    """The word that the terminal shows for the action's state, in an execution that was `stopped` or was not."""
    if action.state == FAILED and (stopped or action.rejected_by):
        return "stopped" if stopped else "rejected"
    return "waiting" if action.waits_for_approval else _WORDS.get(action.state, action.state)


def note(action: Action, execution: Execution) -> str:
    """The activity of the execution's action while it runs, or its summary once it has ended."""
    stopped = execution.stopped
    if action.waits_for_approval:
        return f"mlops approve {short(execution.id)}, or mlops reject {short(execution.id)}"
    if action.state == IN_PROGRESS:
        return action.activity
    if action.rejected_by and not stopped:
        return shorten(f"by {action.rejected_by}: {action.summary or 'no comment'}", 120, placeholder=" …")
    if action.state == FAILED:
        if stopped:
            return ""
        # A state machine's error contains a job's whole description in JSON; `failures.explain` extracts the reason.
        reason = (action.error_message or action.summary).partition("{")[0]
        return shorten(_ARN.sub("", reason), 120, placeholder=" …")
    return shorten(action.summary, 120, placeholder=" …") if action.category == "Approval" else ""


def table(execution: Execution) -> Table:
    """The execution as a table for a terminal."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(style="dim")
    for row in rows(execution):
        state = Text(row.state, _STYLES.get(row.state, ""))
        # On a narrow terminal rich shortens only the note: its text has no_wrap, its column has not.
        note_text = Text(row.note, no_wrap=True, overflow="ellipsis")
        grid.add_row(row.stage, row.action, state, row.time, note_text)
    return grid


@contextmanager
def following() -> Iterator[Display]:
    """A live table on a terminal, plain lines elsewhere."""
    if console.is_live():
        from rich.live import Live

        live = _LiveTable()
        with Live(get_renderable=live.render, console=console.terminal(), refresh_per_second=4):
            yield live
    else:
        yield _PlainLines()


class _LiveTable:
    def __init__(self) -> None:
        self._execution: Execution | None = None

    def update(self, execution: Execution) -> None:
        self._execution = execution

    def render(self) -> Table | str:
        return table(self._execution) if self._execution else ""


class _PlainLines:
    def __init__(self) -> None:
        self._before: Execution | None = None
        self._write_activity = console.throttled(lambda line: console.write(str(line)))

    def update(self, execution: Execution) -> None:
        changed = changes(self._before, execution)
        for change in changed:
            console.write(_line(change.action, execution))
        self._before = execution
        for action in execution.actions:
            if action.activity and not changed:
                self._write_activity(_line(action, execution, datetime.now(UTC)))


def _line(action: Action, execution: Execution, now: datetime | None = None) -> str:
    """One line about the action, which begins with `now`, by default with the time of its last change."""
    moment = (now or action.ended or action.started or datetime.now(UTC)).astimezone().strftime("%H:%M:%S")
    took = f" in {console.between(action.started, action.ended)}" if action.ended else ""
    about = note(action, execution)
    return (
        f"{moment}  {action.path}  {state_word(action, stopped=execution.stopped)}{took}{': ' + about if about else ''}"
    )
