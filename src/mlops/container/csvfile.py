"""Reads a file of the data set: CSV in UTF-8, with a header. The features' own parser decides what is allowed.

Without numpy, so that a data set can be checked where the packages of the container are not installed.
"""

from __future__ import annotations

import json
import math
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops.container.kinds import Feature, RowError, Target
from mlops.container.rows import Rows, csv_errors, parse_csv
from mlops.errors import InputError

# Bounds the memory: a cell needs 60 bytes as text, 4 in the matrix.
_CHARACTERS_AT_ONCE = 2_500_000
# An error takes a hundred times the time of a good cell.
_MOST_ERRORS = 100_000
_MOST_NAMED = 20


@dataclass(frozen=True)
class Required(Feature):
    """A feature that is never missing: the target in a data set."""

    feature: Target

    @property
    def columns(self) -> tuple[str, ...]:
        return self.feature.columns

    @property
    def allowed(self) -> str:
        return self.feature.allowed

    def parse_column(self, cells: Sequence[str]) -> array[float]:
        column = self.feature.parse_column(cells)
        if any(map(math.isnan, column)):
            row = next(row for row, value in enumerate(column) if math.isnan(value)) % len(cells)
            found = json.dumps(cells[row]) if cells[row] else "nothing"
            raise RowError(row + 1, f"column {self.name}: found {found}, allowed is {self.allowed}")
        return column

    def encode_column(self, values: Sequence[Any]) -> array[float]:
        return self.feature.encode_column(values)


class CsvFile:
    """`layout` has the feature of each column from left to right, None for a column that is left out."""

    def __init__(self, path: Path, target: Target, features: Sequence[Feature], name: str | None = None) -> None:
        """Reads the header. `name` is the file's name in errors. Raises InputError when a column is missing."""
        self._path, self.name = path, name or str(path)
        with path.open(encoding="utf-8", newline="") as file:
            try:
                line = file.readline().rstrip("\r\n")
            except UnicodeDecodeError:
                raise self._undecodable() from None
        self.header = [name.strip('"') for name in line.split(",")] if line else []
        by_name = {feature.name: feature for feature in (Required(target.name, target), *features)}
        if missing := [name for name in by_name if name not in self.header]:
            raise InputError(
                f"{self.name}: no column {_listed(missing)}; found {_listed(self.header)}; "
                f"allowed is a first line with {_listed(list(by_name))}"
            )
        self.layout = [by_name.get(name) for name in self.header]

    def rows(self) -> Iterator[Rows]:
        """The rows in parts. Raises InputError with row and column of the first wrong value or missing target."""
        for start, lines in self._parts():
            try:
                yield parse_csv("".join(lines), self.layout)
            except RowError as error:
                raise InputError(f"{self.name}: {_located(start, error)}") from None

    def problems(self) -> tuple[int, dict[str, str]]:
        """The number of rows, and for each column with wrong values the first one and the count of the others.

        The problems have as their keys what is wrong, without file and row. After very many errors the rest is not read;
        the number of rows is that of the part before.
        """
        count = 0
        first: dict[str, tuple[str, str]] = {}
        errors: Counter[str] = Counter()
        for start, lines in self._parts():
            text = "".join(lines)
            try:
                count += parse_csv(text, self.layout).count
                continue
            except RowError:
                count += len(lines)
            for column, wrong in csv_errors(text, self.layout).items():
                first.setdefault(column, (wrong[0].problem, _located(start, wrong[0])))
                errors[column] += len(wrong)
            if errors.total() > _MOST_ERRORS:
                break
        least = "at least " if errors.total() > _MOST_ERRORS else ""
        return count, {
            problem: f"{self.name}: {located}{_others(errors[column] - 1, least)}"
            for column, (problem, located) in first.items()
        }

    def _parts(self) -> Iterator[tuple[int, list[str]]]:
        """The lines below the header, some at once, with the number of lines before them."""
        start = 0
        with self._path.open(encoding="utf-8", newline="") as file:
            try:
                file.readline()
                while lines := file.readlines(_CHARACTERS_AT_ONCE):
                    # Empty lines at the end of a file are no rows.
                    if any(line.strip("\r\n") for line in lines):
                        yield start, lines
                    start += len(lines)
            except UnicodeDecodeError:
                raise self._undecodable() from None

    def _undecodable(self) -> InputError:
        with self._path.open("rb") as file:
            line = next(number for number, content in enumerate(file, start=1) if not _is_text(content))
        return InputError(f"{self.name}: line {line}: found bytes that are not UTF-8, allowed is text in UTF-8")


def _located(start: int, error: RowError) -> str:
    row = start + error.row
    return f"row {row} (line {row + 1}), {error.problem}"


def _listed(names: Sequence[str]) -> str:
    more = [f"… ({len(names)} in all)"] if len(names) > _MOST_NAMED else []
    return ", ".join([*names[:_MOST_NAMED], *more]) or "nothing"


def _others(count: int, least: str) -> str:
    if not count:
        return ""
    return f"; {least}{count:,} more row{'s have' if count > 1 else ' has'} such a fault"


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
