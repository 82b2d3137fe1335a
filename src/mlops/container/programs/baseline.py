"""Describe the training data, as a processing job: `python -m mlops.container baseline`.

Input `baseline` (CSV with header), output `baseline`: statistics.json and constraints.json in Model Monitor's format.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-statistics.html
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-constraints.html
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mlops import team
from mlops.container.directories import Container
from mlops.container.kinds import Category, Feature, Number
from mlops.errors import InputError

_BUCKETS = 10
_SKETCH_ITEMS = 2048
_MONITORING = {
    "evaluate_constraints": "Enabled",
    "emit_metrics": "Enabled",
    "datatype_check_threshold": 1.0,
    "domain_content_threshold": 1.0,
    "distribution_constraints": {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
    },
}


def baseline(container: Container) -> None:
    """Write both files. Raises InputError when the input lacks a column of target or features."""
    target, features = team.features()
    all_columns = (target, *features)
    columns = _read(container.processing_files("baseline"), all_columns)
    rows = len(columns[target.name])
    described = [_describe(feature, columns[feature.name]) for feature in all_columns]
    statistics = {
        "version": 0,
        "dataset": {"item_count": rows},
        "features": [statistics for statistics, _ in described],
    }
    constraints = {
        "version": 0,
        "features": [constraints for _, constraints in described],
        "monitoring_config": _MONITORING,
    }
    output = container.processing_output("baseline")
    for name, content in (("statistics", statistics), ("constraints", constraints)):
        (output / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"described {rows} rows of {len(described)} columns", flush=True)


def _read(files: Sequence[Path], features: Sequence[Feature]) -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {feature.name: [] for feature in features}
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in columns if name not in (reader.fieldnames or ())]:
                raise InputError(f"{path}: no column {', '.join(missing)}; found {', '.join(reader.fieldnames or ())}")
            for row in reader:
                for name, cells in columns.items():
                    cells.append(row[name] or "")
    if not columns[features[0].name]:
        raise InputError(f"{', '.join(map(str, files))}: found no rows")
    return columns


def _describe(feature: Feature, cells: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Statistics and constraints of one column."""
    present = [cell for cell in cells if cell]
    common = {"num_present": len(present), "num_missing": len(cells) - len(present)}
    completeness = {"completeness": len(present) / len(cells)}
    if isinstance(feature, Category):
        head = {"name": feature.name, "inferred_type": "String"}
        counts = Counter(present)
        buckets = [{"value": value, "count": count} for value, count in counts.most_common()]
        distribution = {"distinct_count": len(counts), "distribution": {"categorical": {"buckets": buckets}}}
        domains = {"string_constraints": {"domains": sorted(counts)}}
        return head | {"string_statistics": {"common": common} | distribution}, head | completeness | domains
    assert isinstance(feature, Number)
    try:
        values = np.array(present, float)
    except ValueError as error:
        raise InputError(f"baseline: column {feature.name}: {error}") from None
    head = {"name": feature.name, "inferred_type": "Integral" if feature.integer else "Fractional"}
    non_negative = {"num_constraints": {"is_non_negative": bool((values >= 0).all())}}
    return head | {"numerical_statistics": {"common": common} | _numbers(values)}, head | completeness | non_negative


def _numbers(values: np.ndarray) -> dict[str, Any]:
    if not len(values):
        return {}
    counts, edges = np.histogram(values, _BUCKETS)
    buckets = [
        {"lower_bound": lower, "upper_bound": upper, "count": count}
        for (lower, upper), count in zip(pairwise(edges.tolist()), counts.tolist(), strict=True)
    ]
    sketch = {"parameters": {"c": 0.64, "k": float(_SKETCH_ITEMS)}, "data": _sketch(values)}
    return {
        "mean": float(values.mean()),
        "sum": float(values.sum()),
        "std_dev": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
        "distribution": {"kll": {"buckets": buckets, "sketch": sketch}},
    }


def _sketch(values: np.ndarray) -> list[list[float]]:
    """A KLL sketch: an item of list n stands for 2^n values.

    A list that is too long is sorted and every second item moves up, which keeps the quantiles.
    """
    levels, items = [], np.sort(values)
    while len(items) > _SKETCH_ITEMS:
        paired = len(items) - len(items) % 2
        levels.append(items[paired:].tolist())
        items = items[len(levels) % 2 : paired : 2]
    return [*levels, items.tolist()]
