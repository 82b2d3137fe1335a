"""Helpers for generator functions that yield events of their progress and return a result."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from typing import Any, TypeVar

Event = TypeVar("Event")
Result = TypeVar("Result")


def result(events: Generator[Event, None, Result], on_event: Callable[[Event], object] = lambda event: None) -> Result:
    """Run a generator to its end, pass each event to `on_event`, and return its result.

    An exception that `on_event` raises, KeyboardInterrupt included, is raised inside of the generator, so that it can
    clean up and yield its last events.
    """
    interruption: BaseException | None = None
    while True:
        try:
            event = next(events) if interruption is None else events.throw(interruption)
        except StopIteration as end:
            return end.value
        try:
            interruption = None
            on_event(event)
        except BaseException as error:
            interruption = error


def from_callback(work: Callable[[Callable[[Any], None]], Result]) -> Generator[Any, None, Result]:
    """Yield each event as soon as `work` passes it to its callback, and return the result of `work`."""
    happened: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def run() -> None:
        try:
            happened.put(("returned", work(lambda event: happened.put(("event", event)))))
        except BaseException as error:
            happened.put(("raised", error))

    threading.Thread(target=run, daemon=True).start()
    while True:
        kind, value = happened.get()
        if kind == "returned":
            return value
        if kind == "raised":
            raise value
        yield value
