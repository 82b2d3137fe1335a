"""Payments of a CSV file that has columns of the names of target and features, in any order, and perhaps others."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from mlops.contract import DataError, RowError

from model.features import FEATURES, OUTCOMES, TARGET

_NO_VALUE = {"", "NA", "NULL", "nan", "unknown"}


def read(path: Path) -> tuple[list[list[str]], dict[str, int]]:
    """Rows of cells, the target first, and how many were dropped for which reason."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file, restval="")
            names = [TARGET.name, *(feature.name for feature in FEATURES)]
            if missing := [name for name in names if name not in (table.fieldnames or ())]:
                raise DataError(f"{path}: no column {', '.join(missing)}; allowed are {', '.join(names)} and others")
            found = [[_cell(row[name]) for name in names] for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {error}") from error
    dropped: Counter[str] = Counter()
    rows = []
    for row in found:
        reason = _fault(row)
        if reason:
            dropped[reason] += 1
        else:
            rows.append([OUTCOMES[row[0]], *row[1:]])
    return rows, dict(dropped)


def _cell(text: str) -> str:
    stripped = text.strip()
    return "" if stripped in _NO_VALUE else stripped


def _fault(row: list[str]) -> str:
    target, *cells = row
    if target not in OUTCOMES:
        return f"{TARGET.name} that is not known" if target else f"no {TARGET.name}"
    for feature, cell in zip(FEATURES, cells, strict=True):
        try:
            feature.parse_column([cell])
        except RowError:
            return f"{feature.name} out of range"
    return ""
