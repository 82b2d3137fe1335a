"""Shows the events of a use case below its cell, while it works."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from IPython.display import display

from mlops.aws.executions import FAILED, IN_PROGRESS, PENDING, SUCCEEDED, Action, Execution
from mlops.notebook.html import Shown, table, verdict
from mlops.pages.numbers import duration
from mlops.progress import Result, result
from mlops.release import events
from mlops.release.events import Events

_TONES = {IN_PROGRESS: "run", SUCCEEDED: "good", FAILED: "bad"}
_WORDS = {IN_PROGRESS: "running", SUCCEEDED: "done", PENDING: "–"}


def follow(events_of_a_use_case: Events[Result], draw: Callable[[Shown], None] | None = None) -> Result:
    """Run a use case of `mlops.release` to its end and show its events. Returns its result.

    `draw` shows the present state; by default it is an output of the cell.
    """
    shown = Live(draw or Output().draw)
    return result(events_of_a_use_case, shown.on_event)


class Output:
    """One output of a cell, which is replaced by what is drawn next."""

    def __init__(self) -> None:
        self._handle: Any = None

    def draw(self, shown: Shown) -> None:
        if self._handle is None:
            self._handle = display(shown, display_id=True)
        else:
            self._handle.update(shown)


class Live:
    """Draws the state again after each event."""

    def __init__(self, draw: Callable[[Shown], None]) -> None:
        self._show = draw
        self._steps: list[tuple[str, str]] = []
        self._detail = ""
        self._execution: Execution | None = None
        self._end = Shown("")

    def on_event(self, event: events.Event) -> None:
        match event:
            case events.StepStarted(title):
                self._steps.append((title, ""))
            case events.StepProgressed(detail):
                self._detail = str(detail)
            case events.StepEnded(title, seconds):
                self._steps[-1], self._detail = (title, duration(seconds)), ""
            case events.DatasetPrepared(_, rows, _, synthetic):
                counts = ", ".join(f"{count:,} {part}" for part, count in rows.items())
                self._steps.append((f"Rows: {counts}{' (synthetic)' if synthetic else ''}", ""))
            case events.ExecutionStarted(execution_id):
                self._steps.append((f"Execution {execution_id} has started", ""))
            case events.ExecutionChanged(execution):
                self._execution = execution
            case events.ExecutionFollowed(execution) if execution.waiting_approval:
                self._end = verdict("wait", "?", "The release waits for its approval", "Approve or reject it below.")
            case events.ReleaseSucceeded():
                self._end = verdict("good", "✓", "The release is in production", "")
            case events.ReleaseAnswered(_, _, approved):
                self._end = verdict("run", "→", "Approved" if approved else "Rejected", "")
            case events.ProjectDestroyed(plan):
                self._end = verdict("good", "✓", f"{plan.project} is deleted", "")
        self._draw()

    def _draw(self) -> None:
        lines = "".join(f"<li>{escape(title)} <small>{escape(time)}</small></li>" for title, time in self._steps)
        shown = Shown(f"<ul>{lines}</ul>" if lines else "")
        if self._detail:
            shown += Shown(f'<p class="note">{escape(self._detail)}</p>')
        if self._execution is not None:
            shown += stages(self._execution)
        self._show(shown + self._end)


def stages(execution: Execution) -> Shown:
    """The actions of an execution with their states and times."""
    return table(
        ("", "Action", "Time", ""),
        (_row(action) for action in execution.actions),
        [_tone(action) for action in execution.actions],
    )


def _row(action: Action) -> tuple[str, str, str, str]:
    state = "waiting" if action.waits_for_approval else _WORDS.get(action.state, action.state.lower())
    span = action.span
    time = duration((span[1] - span[0]).total_seconds()) if span else ""
    return state, action.path, time, action.activity if action.state == IN_PROGRESS else ""


def _tone(action: Action) -> str:
    return "wait" if action.waits_for_approval else _TONES.get(action.state, "")
