"""Rows for any features that `model/features.py` declares, with a target that follows from the numbers among them."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

from model.features import FEATURES, TARGET

from mlops.container.kinds import Category, Feature, Number
from mlops.names import DATA_SETS


def table(count: int, seed: int = 7) -> str:
    """CSV with a header: target and features."""
    draw = random.Random(seed)
    lines = [",".join([TARGET.name, *(feature.name for feature in FEATURES)])]
    for _ in range(count):
        cells, target = [], 3.0
        for feature in FEATURES:
            share = draw.random()
            cells.append(_cell(feature, share))
            target += 20 * share if isinstance(feature, Number) else 0
        lines.append(",".join([f"{target:.2f}", *cells]))
    return "\n".join(lines) + "\n"


def write_dataset(folder: Path, count: int = 3) -> Path:
    """Write a prepared data set with this number of rows in each of its sets. Returns its folder."""
    for name in DATA_SETS:
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f"{name}.csv").write_text(table(count))
    described = {"source": "rows", "synthetic": True, "rows": dict.fromkeys(DATA_SETS, count), "dropped": {}}
    (folder / "dataset.json").write_text(json.dumps(described))
    return folder


def _cell(feature: Feature, share: float) -> str:
    """The value of a feature at this share, from 0 to below 1, of the way through what it allows."""
    if isinstance(feature, Category):
        return feature.values[int(share * len(feature.values))]
    assert isinstance(feature, Number)
    below, above = (
        _limit(feature.minimum, feature.exclusive_minimum),
        _limit(feature.maximum, feature.exclusive_maximum),
    )
    lower = below if below is not None else (above - 10 if above is not None else 0.0)
    upper = above if above is not None else lower + 10
    # Away from both ends, which may be excluded.
    value = lower + (0.01 + 0.98 * share) * (upper - lower)
    if not feature.integer:
        return f"{value:.6g}"
    least, most = math.floor(lower) + 1, math.ceil(upper) - 1
    return str(min(max(round(value), least), max(least, most)))


def _limit(inclusive: float | None, exclusive: float | None) -> float | None:
    return inclusive if exclusive is None else exclusive
