"""Moments and ended things in the documents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any


def iso(moment: datetime | None) -> str | None:
    """The moment for JSON."""
    return moment.isoformat() if moment else None


class Ended:
    """Answers about things that have ended, which do not change: each is asked for once."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], Any] = {}

    def get(self, key: tuple[str, ...], ask: Callable[[], Any], *, ended: Callable[[Any], bool]) -> Any:
        """What `ask` answers; once `ended` of it, the same for ever."""
        if key in self._kept:
            return self._kept[key]
        answer = ask()
        if ended(answer):
            self._kept[key] = answer
        return answer
