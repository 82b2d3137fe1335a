"""Kinds of features: the allowed values of a request's column, and its encoding as columns of the model's matrix.

Any value of a feature may be missing (an empty cell, a JSON null): it is NaN in the matrix.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

from mlops.container import arguments

MISSING = math.nan
_MOST_NAMED = 20
_MOST_LOOKED_UP = 10_000
_MOST_SHOWN = 100
FLOAT32_MAX = 3.4028234663852886e38
_Encoding: TypeAlias = Literal["one_hot", "position"]


class RowError(ValueError):
    """An invalid row: its number (from 1), its column, the value that was found, and what is allowed."""

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(f"row {row}, {problem}")
        self.row, self.problem = row, problem


@dataclass(frozen=True)
class Feature:
    """One column of a request."""

    name: str
    compared: bool = field(default=True, kw_only=True)
    """Whether monitoring compares its distribution with the baseline's. An hour's requests have other times of day."""

    def __post_init__(self) -> None:
        """Raises InputError for arguments of a wrong type, as each kind does for its own."""
        if not isinstance(self.name, str):
            raise arguments.wrong(type(self).__name__, "name", self.name, 'a text, such as "temperature"')
        arguments.flag(self.name, "compared", self.compared)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the feature's columns in the matrix."""
        raise NotImplementedError

    @property
    def allowed(self) -> str:
        """The allowed values, as text for messages."""
        raise NotImplementedError

    def parse_column(self, cells: Sequence[str]) -> array[float]:
        """The feature's columns of the matrix, one after the other, for cells of a CSV. Raises RowError."""
        raise NotImplementedError

    def encode_column(self, values: Sequence[Any]) -> array[float]:
        """The feature's columns of the matrix, one after the other, for values of a JSON request. Raises RowError."""
        raise NotImplementedError

    def errors(self, cells: Sequence[str]) -> list[RowError]:
        """An error for every cell that `parse_column` refuses, in their order."""
        problems = {}
        for cell in set(cells):
            try:
                self.parse_column([cell])
            except RowError as error:
                problems[cell] = error.problem
        return [RowError(row, problems[cell]) for row, cell in enumerate(cells, start=1) if cell in problems]

    def refused(self, row: int, value: Any) -> RowError:
        """The error for a value that is not allowed. A long one is cut."""
        found = json.dumps(value, ensure_ascii=False)
        found = found if len(found) <= _MOST_SHOWN else f"{found[:_MOST_SHOWN]}…"
        return RowError(row, f"column {self.name}: found {found}, allowed is {self.allowed}")

    def _each(self, convert: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
        converted = []
        for row, value in enumerate(values, start=1):
            try:
                converted.append(convert(value))
            except (ValueError, TypeError, KeyError, OverflowError):
                raise self.refused(row, value) from None
        return converted


@dataclass(frozen=True)
class Number(Feature):
    """A number within bounds."""

    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None
    integer: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        limits = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum")
        arguments.bounds(self.name, self, *limits)
        arguments.flag(self.name, "integer", self.integer)

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def limits(self) -> str:
        """The bounds as text for messages; empty without any."""
        bounds = {
            "at least": self.minimum,
            "above": self.exclusive_minimum,
            "at most": self.maximum,
            "below": self.exclusive_maximum,
        }
        return ", ".join(f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None)

    @cached_property
    def allowed(self) -> str:
        return ", ".join(filter(None, ["an integer" if self.integer else "a number", self.limits]))

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The allowed numbers as an open interval, so that one comparison checks inclusive and exclusive bounds."""
        least = math.nextafter(-FLOAT32_MAX if self.minimum is None else self.minimum, -math.inf)
        most = math.nextafter(FLOAT32_MAX if self.maximum is None else self.maximum, math.inf)
        above = least if self.exclusive_minimum is None else max(least, self.exclusive_minimum)
        below = most if self.exclusive_maximum is None else min(most, self.exclusive_maximum)
        return above, below

    def parse_column(self, cells: Sequence[str]) -> array[float]:
        try:
            if self._usual:
                return array("f", list(map(self._usual.__getitem__, cells)))
            numbers = list(map(float, cells))
        except (KeyError, ValueError):
            return array("f", self._each(self._parse, cells))
        above, below = self.interval
        # With a NaN the comparison is false, so that each cell is checked.
        usual = above < min(numbers) and max(numbers) < below
        usual = usual and (not self.integer or all(map(float.is_integer, numbers)))
        return array("f", numbers if usual else self._each(self._parse, cells))

    def encode_column(self, values: Sequence[Any]) -> array[float]:
        return array("f", self._each(self._encode, values))

    def _parse(self, text: str) -> float:
        return self._checked(float(text)) if text else MISSING

    def _encode(self, value: float | None) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise TypeError
        return MISSING if value is None else self._checked(float(value))

    def _checked(self, number: float) -> float:
        above, below = self.interval
        if not (above < number < below or math.isnan(number)) or (self.integer and number % 1):
            raise ValueError
        return number

    @cached_property
    def _usual(self) -> dict[str, float]:
        """Integers by their usual spelling: a lookup takes a third of the time of conversion and check."""
        if not self.integer or self.minimum is None:
            return {}
        above, below = self.interval
        first, last = math.floor(above) + 1, math.ceil(below) - 1
        if self.maximum is None and self.exclusive_maximum is None:
            last = first + 63
        if last - first > _MOST_LOOKED_UP:
            return {}
        return {str(number): float(number) for number in range(first, last + 1)} | {"": MISSING}


@dataclass(frozen=True)
class Category(Feature):
    """One of a few values.

    In the matrix it is a column of zeros and ones per value, or with `encoding="position"` one column with the position
    of the value, for learners that split by categories themselves. XGBoost evaluates such splits half as fast.
    """

    values: tuple[str, ...] = ()
    encoding: _Encoding = "one_hot"

    def __post_init__(self) -> None:
        super().__post_init__()
        # A list becomes the tuple that a saved schema is read as.
        object.__setattr__(self, "values", arguments.texts(self.name, "values", self.values))
        if self.encoding not in get_args(_Encoding):
            raise arguments.wrong(self.name, "encoding", self.encoding, "one of " + ", ".join(get_args(_Encoding)))

    @property
    def columns(self) -> tuple[str, ...]:
        if self.encoding == "position":
            return (self.name,)
        return tuple(f"{self.name}={value}" for value in self.values)

    @property
    def allowed(self) -> str:
        more = f", … ({len(self.values)} in all)" if len(self.values) > _MOST_NAMED else ""
        return "one of " + ", ".join(self.values[:_MOST_NAMED]) + more

    def parse_column(self, cells: Sequence[str]) -> array[float]:
        try:
            return self._columns(list(map(self._rows.__getitem__, cells)))
        except KeyError:
            return self._columns(self._each(self._rows.__getitem__, cells))

    def encode_column(self, values: Sequence[Any]) -> array[float]:
        return self._columns(self._each(lambda value: self._rows["" if value is None else value], values))

    def _columns(self, rows: list[bytes]) -> array[float]:
        values, width = array("f"), self._width
        values.frombytes(b"".join(rows))
        if width == 1:
            return values
        columns = array("f")
        for position in range(width):
            columns += values[position::width]
        return columns

    @cached_property
    def _width(self) -> int:
        return len(self.columns)

    @cached_property
    def _rows(self) -> dict[str, bytes]:
        """The row of the matrix of each value, as float32."""
        if self.encoding == "position":
            rows = {value: array("f", [position]) for position, value in enumerate(self.values)}
        else:
            width = len(self.values)
            rows = {value: array("f", [n == here for n in range(width)]) for here, value in enumerate(self.values)}
        return {value: row.tobytes() for value, row in (rows | {"": array("f", [MISSING] * len(self.columns))}).items()}


Target: TypeAlias = Number | Category
