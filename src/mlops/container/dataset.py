"""Toolkit to read a set of the data set (CSV files with a header) as numpy arrays, with the features' own parser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from mlops.container.kinds import Category, Feature, RowError, Target
from mlops.container.rows import parse_csv
from mlops.errors import InputError

_ROWS_AT_ONCE = 50_000  # bounds the memory: a cell needs 60 bytes as text, 4 in the matrix


class DataSet(NamedTuple):
    """`features` is float32, rows × columns of the features in their order, NaN where missing.

    `target` has a float32 per row; of a Category, the position of its value as an integer.
    """

    features: np.ndarray
    target: np.ndarray


def read(files: Sequence[Path], features: Sequence[Feature], target: Target) -> DataSet:
    """Read the files. Their columns may be in any order; further columns are ignored.

    Raises InputError with file, row and column of a wrong value or a missing target.
    """
    if isinstance(target, Category):
        target = replace(target, encoding="position")
    blocks = [block for file in files for block in _read_file(file, (target, *features))]
    if not blocks:
        raise InputError(f"{', '.join(map(str, files))}: found no rows")
    matrix = np.concatenate(blocks, axis=1)
    return DataSet(matrix[1:].T, matrix[0].astype(int) if isinstance(target, Category) else matrix[0])


def columns(features: Sequence[Feature]) -> list[str]:
    """Names of the matrix's columns."""
    return [column for feature in features for column in feature.columns]


def _read_file(path: Path, features: Sequence[Feature]) -> list[np.ndarray]:
    """Blocks of the columns of `features`, the target's first."""
    with path.open(encoding="utf-8", newline="") as file:
        header = [name.strip('"') for name in file.readline().rstrip("\r\n").split(",")]
        if missing := [feature.name for feature in features if feature.name not in header]:
            raise InputError(f"{path}: no column {', '.join(missing)}; found {', '.join(header)}")
        by_name = {feature.name: feature for feature in features}
        layout = [by_name.get(name) for name in header]
        # parse_csv keeps the order of the file.
        names = columns([feature for feature in layout if feature])
        order = [names.index(column) for column in columns(features)]
        return [block[order] for block in _blocks(path, file, layout, features[0], names.index(features[0].name))]


def _blocks(
    path: Path, file: TextIO, layout: Sequence[Feature | None], target: Feature, position: int
) -> list[np.ndarray]:
    blocks, start = [], 0
    while lines := "".join(islice(file, _ROWS_AT_ONCE)):
        try:
            rows = parse_csv(lines, layout)
        except RowError as error:
            raise InputError(f"{path}: row {start + error.row}, {error.problem}") from None
        block = rows.to_numpy().T
        missing = np.flatnonzero(np.isnan(block[position]))
        if len(missing):
            row = start + int(missing[0]) + 1
            raise InputError(f"{path}: row {row}, column {target.name}: found nothing, allowed is {target.allowed}")
        blocks.append(block)
        start += rows.count
    return blocks
