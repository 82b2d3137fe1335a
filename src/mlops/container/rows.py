"""Rows of CSV and JSON turned into the model's float32 matrix.

Plain Python with one split for all cells is as quick here as pandas, and needs no 90 MB of it in every worker of the
server.
"""

from __future__ import annotations

import csv
import io
import json
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mlops.container.kinds import Feature, RowError

if TYPE_CHECKING:
    import numpy as np


_MOST_NAMED = 20


class Rows:
    """Rows as a float32 matrix, column-major: all values of the first column, then all of the second; NaN is missing.

    There are `count` rows. `columns` is the number of columns that the features become: see `Feature.columns`. The first
    value is at `address` in memory, the next row 4 bytes from it, the next column `stride` bytes.
    """

    __slots__ = ("_values", "address", "columns", "count", "stride")

    def __init__(self, values: array[float], count: int) -> None:
        self._values, self.count = values, count
        self.columns = len(values) // count if count else 0
        self.address, self.stride = values.buffer_info()[0], 4 * count

    @classmethod
    def from_numpy(cls, matrix: np.ndarray) -> Rows:
        """Copy a matrix of rows × columns."""
        values = array("f")
        values.frombytes(matrix.T.astype("f4").tobytes())
        return cls(values, len(matrix))

    def part(self, start: int, stop: int) -> Rows:
        """The rows of the slice `start:stop`; the values are shared."""
        start, stop, _ = slice(start, stop).indices(self.count)
        part = Rows.__new__(Rows)
        part._values, part.count, part.columns = self._values, max(0, stop - start), self.columns
        part.address, part.stride = self.address + 4 * start, self.stride
        return part

    def to_numpy(self) -> np.ndarray:
        """The matrix, rows × columns, read-only. Nothing is copied."""
        import numpy as np

        return np.asarray(self)

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return {
            "data": (self.address, True),
            "shape": (self.count, self.columns),
            "strides": (4, self.stride),
            "typestr": "<f4",
            "version": 3,
        }


def parse_csv(text: str, layout: Sequence[Feature | None]) -> Rows:
    """Parse rows without a header.

    `layout` describes the cells of a row from left to right; None is a cell to leave out. Raises RowError.
    """
    cells, distance = _split(_plain(text, layout), layout)
    matrix = array("f")
    for position, feature in enumerate(layout):
        if feature is not None:
            matrix += feature.parse_column(cells[position::distance])
    return Rows(matrix, (len(cells) + 1) // distance)


def csv_errors(text: str, layout: Sequence[Feature | None]) -> dict[str, list[RowError]]:
    """The errors of a text that `parse_csv` refuses, by column; under the empty name those of rows as a whole.

    Where there are such rows, the columns are not examined.
    """
    try:
        text = _plain(text, layout)
        cells, distance = _split(text, layout)
    except Ragged:
        return {"": list(_ragged(text, layout))}
    except RowError as error:
        return {"": [error]}
    columns = ((feature, cells[position::distance]) for position, feature in enumerate(layout) if feature)
    return {feature.name: errors for feature, column in columns if (errors := feature.errors(column))}


def _plain(text: str, layout: Sequence[Feature | None]) -> str:
    """The rows without quotes, carriage returns and empty lines at the end."""
    if '"' in text or "\r" in text:
        text = without_quotes(text)
    text = text.rstrip("\n")
    if not text:
        raise RowError(1, f"found nothing, expected {_expected(layout)}")
    return text


def _split(text: str, layout: Sequence[Feature | None]) -> tuple[list[str], int]:
    """The cells of all rows, and the distance of two cells of a column."""
    # A marker at each end of line keeps the cells of a column at a fixed distance from each other.
    distance = len(layout) + 1
    cells = text.replace("\n", ",\n,").split(",")
    rows = (len(cells) + 1) // distance
    if len(cells) != rows * distance - 1 or cells[distance - 1 :: distance] != ["\n"] * (rows - 1):
        raise next(_ragged(text, layout))
    return cells, distance


def encode_rows(rows: Sequence[Any], features: Sequence[Feature]) -> Rows:
    """Encode the rows of a JSON request: lists in the features' order, or objects with the features' names as keys."""
    if not rows:
        raise RowError(1, f"found nothing, expected {_expected(features)}")
    in_order = []
    for number, row in enumerate(rows, start=1):
        try:
            in_order.append(_in_order(row, features))
        except ValueError as error:
            raise RowError(number, str(error)) from None
    matrix = array("f")
    for feature, values in zip(features, zip(*in_order, strict=True), strict=True):
        matrix += feature.encode_column(values)
    return Rows(matrix, len(rows))


def _in_order(row: Any, features: Sequence[Feature]) -> list[Any]:
    names = [feature.name for feature in features]
    if isinstance(row, dict):
        if unknown := [name for name in row if name not in names]:
            raise ValueError(f"unknown column {', '.join(unknown)}, allowed are {', '.join(names)}")
        if absent := [name for name in names if name not in row]:
            raise ValueError(f"no value for {', '.join(absent)} (null when it is not known)")
        return [row[name] for name in names]
    if isinstance(row, list) and len(row) == len(names):
        return row
    found = f"{len(row)} values" if isinstance(row, list) else json.dumps(row)
    raise ValueError(f"found {found}, expected {_expected(features)}")


def without_quotes(text: str) -> str:
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise RowError(reader.line_num, f"not CSV ({error})") from None
    for number, row in enumerate(rows, start=1):
        if any("," in cell or "\n" in cell for cell in row):
            raise RowError(number, "found a comma or a line break within quotes, which no column allows")
    return "\n".join(map(",".join, rows))


class Ragged(RowError):
    """A row with another number of columns than expected."""


def _ragged(text: str, layout: Sequence[Feature | None]) -> Iterator[Ragged]:
    expected = _expected(layout)
    for row, line in enumerate(text.split("\n"), start=1):
        if (width := line.count(",") + 1) != len(layout):
            yield Ragged(row, f"found {width} columns, expected {expected}")


def _expected(layout: Sequence[Feature | None]) -> str:
    names = [feature.name if feature else "any" for feature in layout[:_MOST_NAMED]]
    return f"{len(layout)} ({', '.join(names)}{', …' if len(layout) > _MOST_NAMED else ''})"
