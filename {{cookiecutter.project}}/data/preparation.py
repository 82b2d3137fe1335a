"""Writes trips as a data set: train, validation, test and baseline as CSV files, and dataset.json about them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from mlops.contract import DataError, Number
from pyarrow import csv

from data import sources, trips
from model.features import FEATURES, TARGET

_SHARES = {"train": 0.70, "validation": 0.15, "test": 0.15}
_BASELINE_ROWS = 10_000  # of the training set: enough for its distributions, and small enough to describe in a second
_LEAST_ROWS = 100
_SEED = 2019


def prepare(source: str | Path | None, out: Path, on_progress: Callable[[str], object] | None = None) -> dict[str, Any]:
    """Write {train,validation,test,baseline}/….csv and dataset.json below `out`, and return the latter.

    `source` is a CSV or Parquet file of trips, a folder of such files, a month of the TLC's ("2024-01",
    "green-2024-01", downloaded) or None for the synthetic sample. The same source gives the same files. Raises
    DataError when the source is not usable, before anything is written; OSError when `out` is not writable.
    """
    progress = on_progress or (lambda message: None)
    origin = sources.read(source, progress)
    progress(f"filtering {origin.table.num_rows:,} trips")
    rows, dropped = trips.rows_from(origin.table)
    if rows.num_rows < _LEAST_ROWS:
        reasons = ", ".join(f"{count:,} for {reason}" for reason, count in dropped.items()) or "none"
        raise DataError(
            f"{origin.source}: {rows.num_rows} usable trips, at least {_LEAST_ROWS} are needed; dropped: {reasons}"
        )
    sets = _split(rows)
    for name, part in sets.items():
        progress(f"writing {name}: {part.num_rows:,} rows")
        _write(part, out / name / f"{name}.csv")
    dataset = {
        "source": origin.source,
        "synthetic": origin.synthetic,
        "rows": {name: part.num_rows for name, part in sets.items()},
        "dropped": dropped,
        "target": TARGET.name,
        "features": [feature.name for feature in FEATURES],
        "created_from_sha256": origin.sha256,
    }
    (out / "dataset.json").write_text(json.dumps(dataset, indent=2) + "\n", encoding="utf-8")
    return dataset


def _split(rows: pa.Table) -> dict[str, pa.Table]:
    """Split at random with a fixed seed, so that every set has the same mix of hours and areas."""
    order = np.random.default_rng(_SEED).permutation(rows.num_rows)
    sets, start = {}, 0
    for name, share in _SHARES.items():
        stop = rows.num_rows if name == "test" else start + int(share * rows.num_rows)
        sets[name] = rows.take(pa.array(order[start:stop]))
        start = stop
    return sets | {"baseline": sets["train"].slice(0, _BASELINE_ROWS)}


def _write(rows: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for feature in FEATURES:
        if isinstance(feature, Number) and feature.integer:
            position = rows.schema.get_field_index(feature.name)
            rows = rows.set_column(position, feature.name, pc.cast(rows[feature.name], pa.int64()))
    with path.open("wb") as file:
        # Arrow's own header would have the names of the columns in quotes.
        file.write((",".join(rows.column_names) + "\n").encode())
        csv.write_csv(rows, file, csv.WriteOptions(include_header=False, quoting_style="none"))
