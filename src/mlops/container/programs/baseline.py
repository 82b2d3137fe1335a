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
from pathlib import Path
from typing import Any

import numpy as np

from mlops import team
from mlops.container.csvfile import CsvFile
from mlops.container.directories import Container
from mlops.container.kinds import Feature, Target
from mlops.container.summaries import CategorySummary, summary
from mlops.errors import InputError

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
_NOT_COMPARED = {"monitoringConfigOverrides": {"distribution_constraints": {"perform_comparison": "Disabled"}}}


def baseline(container: Container) -> None:
    """Write both files. Raises InputError for rows that are not what target and features allow."""
    target, features = team.features()
    all_columns = (target, *features)
    columns = _read(container.processing_files("baseline"), target, features)
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


def _read(files: Sequence[Path], target: Target, features: Sequence[Feature]) -> dict[str, list[str]]:
    """The cells of each column. The rows are what the training would accept."""
    columns: dict[str, list[str]] = {feature.name: [] for feature in (target, *features)}
    for path in files:
        for _ in CsvFile(path, target, features).rows():
            pass
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for name, cells in columns.items():
                    cells.append(row[name])
    if not columns[target.name]:
        raise InputError(f"{', '.join(map(str, files))}: found no rows")
    return columns


def _describe(feature: Feature, cells: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Statistics and constraints of one column."""
    column = summary(feature)
    if isinstance(column, CategorySummary):
        present = [cell for cell in cells if cell]
        column.add(Counter(present).items(), len(cells) - len(present))
        allowed: dict[str, Any] = {"string_constraints": {"domains": sorted(column.counts)}}
    else:
        numbers = np.array([cell or "nan" for cell in cells], float)
        missing = np.isnan(numbers)
        column.add(numbers[~missing], int(missing.sum()))
        allowed = {"num_constraints": {"is_non_negative": column.is_non_negative}}
    completeness = column.present / len(cells)
    head = {"name": feature.name, "inferred_type": column.inferred_type, "completeness": completeness}
    return column.statistics(), head | allowed | ({} if feature.compared else _NOT_COMPARED)
