"""The pauses between calls that poll AWS."""

from __future__ import annotations

import time

_LONGEST_SECONDS = 5.0


def pause(waited_seconds: float, *, shortest_seconds: float = 0.5) -> float:
    """A tenth of the time waited so far, within bounds.

    The end of a short operation is noticed at once; a long operation is polled rarely, as AWS limits the rate of calls.
    """
    return min(max(waited_seconds / 10, shortest_seconds), _LONGEST_SECONDS)


class Backoff:
    """Sleeps between two calls, longer each time until `changed` is called."""

    def __init__(self, *, shortest_seconds: float = 0.5) -> None:
        self._shortest = shortest_seconds
        self.changed()

    def changed(self) -> None:
        self._since = time.monotonic()

    def sleep(self) -> None:
        time.sleep(pause(time.monotonic() - self._since, shortest_seconds=self._shortest))
