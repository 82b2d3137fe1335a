"""Moments and ended things in the documents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any


def iso(moment: datetime | None) -> str | None:
    """The moment for JSON."""
    return moment.isoformat() if moment else None


class Ended:
    """Descriptions of what has ended. They no longer change, so each is read once."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], Any] = {}

    def get(self, key: tuple[str, ...], read: Callable[[], Any], *, ended: Callable[[Any], bool]) -> Any:
        """The result of `read`; of the key's first result for which `ended` is true, ever after."""
        if key in self._kept:
            return self._kept[key]
        result = read()
        if ended(result):
            self._kept[key] = result
        return result
