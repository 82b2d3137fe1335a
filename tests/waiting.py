"""Waits for conditions."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

_PATIENCE = 300.0  # seconds; a busy machine is no fault


def until(condition: Callable[[], Value], seconds: float = _PATIENCE) -> Value:
    """The condition's first true value. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not true within {seconds:g} s"
        time.sleep(0.05)
    return value
