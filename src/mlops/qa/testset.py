"""The test set of the execution's data version, as rows to send."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from mlops import names
from mlops.aws.session import Session
from mlops.contract import Category, Target
from mlops.errors import PipelineError

Value = float | str | None


@dataclass(frozen=True)
class TestSet:
    """`rows` are lines of CSV without the target, `cells` the same split.

    `targets` are the actual values; those of a classification are positions among the target's labels.
    """

    __test__ = False  # pytest takes the name for a test's otherwise

    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    targets: tuple[float, ...]

    @property
    def rows(self) -> list[str]:
        return [",".join(cells) for cells in self.cells]

    def sample(self, count: int) -> TestSet:
        """`count` rows spread evenly over the set."""
        step = max(1, len(self.cells) // count)
        return TestSet(self.columns, self.cells[::step][:count], self.targets[::step][:count])

    def values(self) -> list[list[Value]]:
        """The rows as JSON values: numbers, text where it is none, null for an empty cell."""
        return [[value_of(cell) for cell in cells] for cells in self.cells]

    def numeric_column(self) -> int | None:
        """The position of a column with numbers in all rows, or None."""
        columns = range(len(self.columns))
        return next((n for n in columns if all(_is_number(cells[n]) for cells in self.cells)), None)


def load(session: Session, bucket: str, data_version: str, target: Target, features: Sequence[str]) -> TestSet:
    """Read test.csv of a data version. PipelineError when it lacks a column or has no rows."""
    key = f"{names.dataset_prefix(data_version)}test/test.csv"
    content = session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8")
    return parse(content, f"s3://{bucket}/{key}", target, features)


def parse(content: str, uri: str, target: Target, features: Sequence[str]) -> TestSet:
    """Parse CSV with a header and columns in any order; errors name it by `uri`. Raises PipelineError."""
    rows = list(csv.DictReader(io.StringIO(content)))
    if not rows:
        raise PipelineError(f"{uri} has no rows, but QA needs a test set")
    if missing := [name for name in (target.name, *features) if name not in rows[0]]:
        raise PipelineError(f"{uri} has no column {', '.join(missing)}, but the released model needs it")
    value = target.values.index if isinstance(target, Category) else float
    targets = []
    for number, row in enumerate(rows, start=1):
        try:
            targets.append(value(row[target.name]))
        except (ValueError, TypeError):
            problem = f"found {row[target.name]!r}, allowed is {target.allowed}"
            raise PipelineError(f"{uri}: row {number}, column {target.name}: {problem}") from None
    return TestSet(tuple(features), tuple(tuple(row[name] for name in features) for row in rows), tuple(targets))


def value_of(cell: str) -> Value:
    """A cell of CSV as a JSON value."""
    if cell == "":
        return None
    return (int(cell) if cell.lstrip("-").isdigit() else float(cell)) if _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
