"""The prepared data set, and the distributions of its columns."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops import team
from mlops.contract import Category, Feature, Target
from mlops.notebook import charts
from mlops.notebook.html import Shown, figures
from mlops.pages.numbers import percent
from mlops.qa import testset
from mlops.qa.testset import TestSet

PARTS = ("train", "validation", "test", "baseline")


@dataclass(frozen=True)
class Dataset:
    """A prepared data set in a folder. Its columns are those of model/features.py."""

    folder: Path
    target: Target
    features: tuple[Feature, ...]

    @classmethod
    def read(cls, folder: Path) -> Dataset:
        return cls(folder, *team.features())

    def file(self, part: str) -> Path:
        return self.folder / part / f"{part}.csv"

    def rows(self, part: str) -> list[dict[str, str]]:
        """The cells of a part (train, validation, test, baseline) by column."""
        with self.file(part).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def test_set(self) -> TestSet:
        """The features and the targets of the test part."""
        names = [feature.name for feature in self.features]
        return testset.parse(self.file("test").read_text(encoding="utf-8"), str(self.file("test")), self.target, names)


def distributions(dataset: Dataset, part: str = "train") -> Shown:
    """A chart for each column: the target first, then the features."""
    rows = dataset.rows(part)
    return figures(
        (column.name, _note(column, dataset.target, [row[column.name] for row in rows]), _chart(column, rows))
        for column in (dataset.target, *dataset.features)
    )


def _chart(column: Feature, rows: Sequence[dict[str, str]]) -> str:
    cells = [row[column.name] for row in rows if row[column.name] != ""]
    if isinstance(column, Category):
        return charts.bars(column.name, Counter(cells))
    return charts.histogram(column.name, [float(cell) for cell in cells])


def _note(column: Feature, target: Target, cells: Sequence[str]) -> str:
    missing = sum(cell == "" for cell in cells)
    role = "target" if column is target else column.allowed
    return role if not missing else f"{role}; {percent(missing / len(cells))} missing"
