"""Checks the arguments of a declaration, such as a feature, when it is made.

A wrong type would otherwise appear far from its place: as a fault of the data, or as an error in a calculation.
"""

from __future__ import annotations

import math
from typing import Any

from mlops.errors import InputError

_MOST_SHOWN = 60


def text(owner: str, argument: str, value: Any) -> None:
    """Raise InputError unless the value is a text."""
    if not isinstance(value, str):
        raise wrong(owner, argument, value, "a text")


def flag(owner: str, argument: str, value: Any) -> None:
    """Raise InputError unless the value is True or False."""
    if not isinstance(value, bool):
        raise wrong(owner, argument, value, "True or False")


def bounds(owner: str, declaration: object, *arguments: str) -> None:
    """Raise InputError unless each of these attributes is a finite number, or None."""
    for argument in arguments:
        value = getattr(declaration, argument)
        if value is not None and not _is_finite_number(value):
            raise wrong(owner, argument, value, "a finite number without quotes, or None for no bound")


def texts(owner: str, argument: str, values: Any) -> tuple[str, ...]:
    """The values as a tuple. Raises InputError unless they are a tuple or a list of texts."""
    allowed = "a tuple of texts, such as "
    if isinstance(values, str):
        raise wrong(owner, argument, values, f"{allowed}({values!r},): the comma makes it a tuple")
    if not isinstance(values, tuple | list):
        raise wrong(owner, argument, values, f'{allowed}("a", "b")')
    for position, value in enumerate(values):
        text(owner, f"{argument}[{position}]", value)
    return tuple(values)


def wrong(owner: str, argument: str, value: Any, allowed: str) -> InputError:
    """The error for a value of an argument."""
    found = repr(value)
    found = found if len(found) <= _MOST_SHOWN else f"{found[:_MOST_SHOWN]}…"
    return InputError(f"{owner}: {argument}: found {found}; allowed is {allowed}")


def _is_finite_number(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False
