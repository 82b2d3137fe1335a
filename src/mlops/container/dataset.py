"""A set of the data set (CSV files with a header) as a matrix, read with the features' own parser."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from mlops.container.kinds import Feature, RowError
from mlops.container.rows import parse_csv
from mlops.errors import InputError

_ROWS_AT_ONCE = 50_000  # holds the memory down: a cell weighs 60 bytes as text, 4 in the matrix


def read(files: Sequence[Path], features: Sequence[Feature]) -> np.ndarray:
    """The matrix of `features`, float32 of shape (columns, rows), NaN where missing.

    The files may have their columns in any order, and others besides. Raises InputError that names file, row and
    column of what cannot be read.
    """
    blocks = [block for file in files for block in _read_file(file, features)]
    if not blocks:
        raise InputError(f"{', '.join(map(str, files))}: found no rows")
    return np.concatenate(blocks, axis=1)


def _read_file(path: Path, features: Sequence[Feature]) -> list[np.ndarray]:
    with path.open(encoding="utf-8", newline="") as file:
        header = [name.strip('"') for name in file.readline().rstrip("\r\n").split(",")]
        if missing := [feature.name for feature in features if feature.name not in header]:
            raise InputError(f"{path}: no column {', '.join(missing)}; found {', '.join(header)}")
        by_name = {feature.name: feature for feature in features}
        layout = [by_name.get(name) for name in header]
        # parse_csv keeps the file's order, the caller wants its own.
        found = [column for feature in layout if feature for column in feature.columns]
        order = [found.index(column) for feature in features for column in feature.columns]
        return [block[order] for block in _blocks(path, file, layout)]


def _blocks(path: Path, file: TextIO, layout: Sequence[Feature | None]) -> list[np.ndarray]:
    blocks, start = [], 0
    while lines := "".join(islice(file, _ROWS_AT_ONCE)):
        try:
            rows = parse_csv(lines, layout)
        except RowError as error:
            raise InputError(f"{path}: row {start + error.row}, {error.problem}") from None
        blocks.append(rows.to_numpy().T)
        start += rows.count
    return blocks
