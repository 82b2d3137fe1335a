"""Output of the commands: live on a terminal, plain lines elsewhere. Colours follow NO_COLOR."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status
    from rich.text import Text

_QUIET_SECONDS = 5.0
_PLAIN_WIDTH = 140


def is_live() -> bool:
    """Whether the output is a terminal that can redraw lines."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def has_input() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


def columns() -> int | None:
    """The width of the terminal; None without one: nothing needs to be cut then."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


@cache
def terminal() -> Console:
    """rich's console: it leaves colours out where there is no terminal and where NO_COLOR is set."""
    from rich.console import Console

    return Console(highlight=False, markup=False, width=None if is_live() else _PLAIN_WIDTH)


def write(text: str = "") -> None:
    """Print a line that is not redrawn."""
    click.echo(text)


class Step:
    """A step that takes time: shows its title at once, and its progress in place on a terminal, else in a few lines."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._status: Status | None = None
        if is_live():
            self._status = terminal().status(title)
            self._status.start()
        else:
            write(f"{title} …")
        self._write_progress = throttled(lambda detail: write(f"  {detail}"))

    def progress(self, detail: object) -> None:
        if self._status:
            self._status.update(_one_line(f"{self._title}  {detail}"))
        else:
            self._write_progress(detail)

    def stop(self) -> None:
        """Stop the live display."""
        if self._status:
            self._status.stop()

    def write_done(self, seconds: float) -> None:
        """Print that the step has succeeded, and its duration."""
        write(f"{self._title}: done in {elapsed(seconds)}" if self._status else f"  done in {elapsed(seconds)}")


def throttled(show: Callable[[object], None], seconds: float = _QUIET_SECONDS) -> Callable[[object], None]:
    """A function that passes at most one text to `show` in this many seconds, so that a log stays readable."""
    last = -seconds

    def show_throttled(text: object) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            show(text)

    return show_throttled


def elapsed(seconds: float) -> str:
    """A span of time for people: 4.2 s, 3:07, 1:02:45."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def between(started: datetime | None, ended: datetime | None) -> str:
    """The time from a start to an end, or to now; empty before the start."""
    if started is None:
        return ""
    return elapsed(max(0.0, ((ended or datetime.now(UTC)) - started).total_seconds()))


def _one_line(text: str) -> Text:
    from rich.text import Text

    return Text(text.splitlines()[0], no_wrap=True, overflow="ellipsis")
