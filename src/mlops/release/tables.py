"""Tables of CSV that `mlops batch` and `mlops invoke` read: what is sent to the model, and what comes back."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from mlops.container.kinds import Category, Feature, RowError, Target
from mlops.errors import InputError

_ROWS_AT_ONCE = 5_000
# Of spreadsheets in languages whose decimal sign is a comma, and of a copied selection.
_OTHER_SEPARATORS = {";": '";"', "\t": "tabs"}


@dataclass(frozen=True)
class Layout:
    """The columns of a table: `names` of its header, None without one, and where the features are among them.

    Rows are sent with the other columns first, so that a filter `$[n:]` leaves the features.
    """

    names: list[str] | None
    order: list[int]
    others: int
    predictions: list[str]

    @property
    def header(self) -> list[str] | None:
        """The header of the result."""
        return None if self.names is None else [*self.names, *self.predictions]

    def restored(self, row: Sequence[str]) -> list[str]:
        """A row of the result, whose columns come in the order of the table, and then the prediction."""
        restored = [""] * len(self.order)
        for cell, position in zip(row, self.order, strict=False):
            restored[position] = cell
        return [*restored, *row[len(self.order) :]]


class Table:
    """A table of CSV in UTF-8, with or without a header. `place` names it in errors. Its rows are read once."""

    def __init__(self, lines: Iterable[str], place: str, features: Sequence[Feature], target: Target) -> None:
        """Reads the first row. Raises InputError when its columns are not those of the model."""
        self._place, self._features, self._first_line = place, features, ""
        self._reader = csv.reader(self._noting_the_first(lines), strict=True)
        self._rows = self._read()
        try:
            first = next(self._rows)
        except StopIteration:
            raise InputError(f"{place} is empty; allowed are rows of CSV") from None
        self.layout = self._laid_out(first, target)
        if self.layout.names is None:
            self._rows = chain([first], self._rows)

    def rows(self) -> Iterator[list[str]]:
        """The rows in the order in which they are sent. Raises InputError for the first one that the model refuses."""
        order, others = self.layout.order, self.layout.others
        first = 1
        while chunk := list(islice(self._rows, _ROWS_AT_ONCE)):
            for number, row in enumerate(chunk, start=first):
                self._require_width(number, row)
            chunk = [[row[position] for position in order] for row in chunk]
            columns = list(zip(*chunk, strict=True))
            for feature, cells in zip(self._features, columns[others:], strict=True):
                try:
                    feature.parse_column(cells)
                except RowError as error:
                    raise self._refused(first - 1 + error.row, error.problem) from None
            yield from chunk
            first += len(chunk)
        if first == 1:
            raise InputError(f"{self._place} has a header and no rows")

    def _noting_the_first(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self._first_line = self._first_line or line.strip("\r\n")
            yield line

    def _read(self) -> Iterator[list[str]]:
        try:
            for row in self._reader:
                if row:
                    yield row
        except UnicodeDecodeError as error:
            raise InputError(f"{self._place} is not CSV in UTF-8: {error}") from error
        except csv.Error as error:
            self._require_commas()
            raise InputError(f"{self._place}, line {self._reader.line_num}: not CSV: {error}") from error

    def _laid_out(self, first: list[str], target: Target) -> Layout:
        names = [feature.name for feature in self._features]
        predictions = ["prediction", "probability"] if isinstance(target, Category) else ["prediction"]
        missing = [name for name in names if name not in first]
        if len(missing) == len(names):
            return self._without_header(first, names, predictions)
        if missing:
            raise InputError(
                f"{self._place}: the header has no column {', '.join(missing)}; the model needs {', '.join(names)}"
            )
        if twice := sorted({name for name in first if first.count(name) > 1}):
            raise InputError(f"{self._place}: the header has {', '.join(twice)} twice; allowed is each name once")
        if taken := [name for name in predictions if name in first]:
            raise InputError(
                f"{self._place}: the header has {', '.join(taken)}, which is the name of a column of the result; rename it"
            )
        others = [position for position, name in enumerate(first) if name not in names]
        return Layout(first, [*others, *map(first.index, names)], len(others), predictions)

    def _without_header(self, first: list[str], names: list[str], predictions: list[str]) -> Layout:
        if len(first) != len(names):
            self._require_commas()
            raise InputError(
                f"{self._place}: the first row has {len(first)} columns and is no header with the model's features. "
                f"Allowed are a header with {', '.join(names)} among its columns, or rows of these {len(names)} columns"
            )
        return Layout(None, list(range(len(names))), 0, predictions)

    def _require_width(self, number: int, row: list[str]) -> None:
        if len(row) != len(self.layout.order):
            raise self._refused(number, f"found {len(row)} columns, expected {len(self.layout.order)}")
        if any("\n" in cell or "\r" in cell for cell in row):
            raise self._refused(number, "found a line break within quotes, which a transform job cannot pass on")

    def _require_commas(self) -> None:
        """InputError where the first line, which cannot be used, has another separator than commas."""
        names = {feature.name for feature in self._features}
        commas = len(self._first_line.split(","))
        for separator, shown in _OTHER_SEPARATORS.items():
            cells = [cell.strip('"') for cell in self._first_line.split(separator)]
            is_likelier = len(cells) > commas != len(names)
            if len(cells) > 1 and (is_likelier or not names.isdisjoint(cells) or self._fit(cells)):
                raise InputError(
                    f"{self._place}: found {shown} between the columns of the first row; allowed are commas between "
                    "columns, a point as decimal sign, and a header with the model's features or none"
                )

    def _fit(self, cells: Sequence[str]) -> bool:
        """Whether the cells are those of the features, but for commas as decimal signs."""
        try:
            for feature, cell in zip(self._features, cells, strict=True):
                feature.parse_column([cell.replace(",", ".")])
        except ValueError:  # another number of cells, or a RowError
            return False
        return True

    def _refused(self, number: int, problem: str) -> InputError:
        if number == 1 and self.layout.names is None:
            self._require_commas()
        return InputError(
            f"{self._place}: row {number}{'' if self.layout.names is None else ' after the header'}, {problem}"
        )
