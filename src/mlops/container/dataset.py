"""Toolkit to read a set of the data set (CSV files with a header) as numpy arrays, with the features' own parser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mlops.container.csvfile import CsvFile
from mlops.container.kinds import Category, Feature, Target
from mlops.errors import InputError


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
    blocks = [block for file in files for block in _read_file(file, target, features)]
    if not blocks:
        raise InputError(f"{', '.join(map(str, files))}: found no rows")
    matrix = np.concatenate(blocks, axis=1)
    return DataSet(matrix[1:].T, matrix[0].astype(int) if isinstance(target, Category) else matrix[0])


def columns(features: Sequence[Feature]) -> list[str]:
    """Names of the matrix's columns."""
    return [column for feature in features for column in feature.columns]


def _read_file(path: Path, target: Target, features: Sequence[Feature]) -> Iterator[np.ndarray]:
    """Blocks of the columns, the target's first."""
    file = CsvFile(path, target, features)
    names = columns([feature for feature in file.layout if feature])
    order = [names.index(column) for column in columns((target, *features))]
    for rows in file.rows():
        yield rows.to_numpy().T[order]
