"""Payments as a data set: those of a CSV file, or a sample of made-up ones."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlops.contract import DataError

from data import payments, sample
from model.features import FEATURES, TARGET

__all__ = ["DataError", "prepare"]

_LEAST_ROWS = 1000
_BASELINE_ROWS = 10_000


def prepare(source: str | Path | None, out: Path, on_progress: Callable[[str], object]) -> dict[str, Any]:
    """Write the data set below `out`. `source` is a CSV file of payments, or None for the sample."""
    if source is None:
        on_progress("making the sample")
        rows, dropped = sample.rows(), {}
    else:
        on_progress(f"reading {source}")
        rows, dropped = payments.read(Path(source))
    if len(rows) < _LEAST_ROWS:
        raise DataError(f"{source}: found {len(rows)} usable rows; allowed are {_LEAST_ROWS} or more")
    random.Random(5).shuffle(rows)
    first, second = int(0.7 * len(rows)), int(0.85 * len(rows))
    sets = {"train": rows[:first], "validation": rows[first:second], "test": rows[second:]}
    sets["baseline"] = sets["train"][:_BASELINE_ROWS]
    header = ",".join([TARGET.name, *(feature.name for feature in FEATURES)])
    for name, part in sets.items():
        on_progress(f"writing {name}: {len(part):,} rows")
        (out / name).mkdir(parents=True, exist_ok=True)
        lines = "\n".join([header, *map(",".join, part)])
        (out / name / f"{name}.csv").write_text(f"{lines}\n", encoding="utf-8")
    dataset = {
        "source": str(source or "a sample made by data/sample.py"),
        "synthetic": source is None,
        "rows": {name: len(part) for name, part in sets.items()},
        "dropped": dropped,
    }
    (out / "dataset.json").write_text(json.dumps(dataset, indent=2) + "\n", encoding="utf-8")
    return dataset
