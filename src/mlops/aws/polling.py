"""How long to wait before asking AWS again."""

from __future__ import annotations

import time

_LONGEST_SECONDS = 5.0


def pause(waited_seconds: float, *, shortest_seconds: float = 0.5) -> float:
    """A tenth of the time waited so far, within bounds.

    A short operation is seen to end at once, a long one is polled rarely: AWS allows few calls of this kind.
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
