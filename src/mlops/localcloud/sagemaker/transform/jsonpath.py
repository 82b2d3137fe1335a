"""The part of JSONPath that filters of a transform job may use.

Source: Amazon SageMaker Developer Guide, "Associate Prediction Results with Input Records", supported operators: the
root, names, indexes, lists of either, slices and the wildcard.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mlops.localcloud.errors import AWSError, not_implemented

_NAME = re.compile(r"\.([A-Za-z_][\w-]*)")
_BRACKETS = re.compile(r"\.?\[([^\]]+)\]")
_WILDCARD = re.compile(r"\.\*|\[\*\]")
_QUOTED = re.compile(r"\s*'([^',.]+)'\s*|\s*\"([^\",.]+)\"\s*")
_SLICE = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*")
_INDEX = re.compile(r"\s*-?\d+\s*")

Item = int | slice
Step = str | tuple[str, ...] | tuple[Item, ...] | None


class NoSuchPart(Exception):
    """A record that has no such name or index."""


class Path:
    """A parsed expression, such as `$[1:]`, `$.features` or `$['id','SageMakerOutput']`."""

    def __init__(self, expression: str, member: str):
        """`member` names the expression in errors. Raises AWSError for what this subset does not have."""
        self._expression = expression
        self._steps = _parse(expression, member)
        self.is_root = not self._steps
        self._columns = self._steps[0] if len(self._steps) == 1 else ()

    @property
    def takes_columns(self) -> bool:
        """Whether it selects columns of a row: rows of CSV have no names, and nothing below a column."""
        return self.is_root or (isinstance(self._columns, tuple) and not isinstance(self._columns[0], str))

    def of(self, record: Any) -> Any:
        """The selected part of a record. Raises NoSuchPart."""
        for step in self._steps:
            record = self._taken(record, step)
        return record

    def _taken(self, value: Any, step: Step) -> Any:
        try:
            if step is None:
                return list(value.values()) if isinstance(value, dict) else list(value)
            if isinstance(step, str):
                return value[step]
            if isinstance(step[0], str):
                return {name: value[name] for name in step}
            if len(step) == 1 and isinstance(step[0], int):
                return _items(value, step)[0]
            return _items(value, step)
        except (KeyError, IndexError, TypeError) as error:
            raise NoSuchPart(f"{self._expression} does not match {value!r}"[:200]) from error


def _items(values: Sequence[Any], selected: Sequence[Any]) -> list[Any]:
    if not isinstance(values, list):
        raise TypeError
    taken: list[Any] = []
    for item in selected:
        taken += values[item] if isinstance(item, slice) else [values[item]]
    return taken


def _parse(expression: str, member: str) -> list[Step]:
    def refused(found: str) -> AWSError:
        return not_implemented(f"The local cloud does not implement CreateTransformJob with {member}={found}")

    if not expression.startswith("$"):
        raise AWSError("ValidationException", f"{member} {expression} is no JSONPath expression: it must start with $")
    steps: list[Step] = []
    position = 1
    while position < len(expression):
        if steps and steps[-1] is None:
            raise refused(expression)
        if match := _WILDCARD.match(expression, position):
            steps.append(None)
        elif match := _NAME.match(expression, position):
            steps.append(match[1])
        elif match := _BRACKETS.match(expression, position):
            step = _selected(match[1])
            if step is None:
                raise refused(expression)
            steps.append(step)
        else:
            raise refused(expression)
        position = match.end()
    return steps


def _selected(text: str) -> Step:
    """The step within brackets; None where it is neither names nor indexes and slices."""
    parts = text.split(",")
    if all(_QUOTED.fullmatch(part) for part in parts):
        found = [_QUOTED.fullmatch(part) for part in parts]
        names = tuple(match[1] or match[2] for match in found if match)
        return names[0] if len(names) == 1 else names
    items: list[Item] = []
    for part in parts:
        if _INDEX.fullmatch(part):
            items.append(int(part))
        elif match := _SLICE.fullmatch(part):
            items.append(slice(*(int(bound) if bound else None for bound in match.groups())))
        else:
            return None
    return tuple(items)
