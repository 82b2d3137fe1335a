from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from model.features import FEATURES, TARGET

from mlops.container.directories import Container
from mlops.container.programs.baseline import baseline
from mlops.errors import InputError


@pytest.fixture(scope="module")
def cells(dataset: Path) -> dict[str, list[str]]:
    with (dataset / "baseline" / "baseline.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory, dataset: Path) -> dict[str, dict]:
    base = tmp_path_factory.mktemp("baseline")
    (base / "processing" / "input").mkdir(parents=True)
    (base / "processing" / "input" / "baseline").symlink_to(dataset / "baseline")
    baseline(Container(base))
    output = base / "processing" / "output" / "baseline"
    return {name: json.loads((output / f"{name}.json").read_text()) for name in ("statistics", "constraints")}


def feature(described: dict, name: str) -> dict:
    return next(entry for entry in described["features"] if entry["name"] == name)


def test_target_and_features_are_described_in_the_order_of_the_columns(described: dict[str, dict]) -> None:
    names = [entry.name for entry in (TARGET, *FEATURES)]
    for document in described.values():
        assert [entry["name"] for entry in document["features"]] == names
        assert document["version"] == 0
    assert feature(described["statistics"], "trip_distance")["inferred_type"] == "Fractional"
    assert feature(described["statistics"], "pickup_hour")["inferred_type"] == "Integral"
    assert feature(described["statistics"], "pickup_area")["inferred_type"] == "String"


def test_the_statistics_of_a_number_are_those_of_its_cells(
    described: dict[str, dict], cells: dict[str, list[str]]
) -> None:
    values = np.array(cells["trip_distance"], float)
    statistics = feature(described["statistics"], "trip_distance")["numerical_statistics"]
    assert described["statistics"]["dataset"]["item_count"] == len(values)
    assert statistics["common"] == {"num_present": len(values), "num_missing": 0}
    found = {name: statistics[name] for name in ("mean", "sum", "std_dev", "min", "max")}
    expected = {
        "mean": values.mean(),
        "sum": values.sum(),
        "std_dev": values.std(),
        "min": values.min(),
        "max": values.max(),
    }
    assert found == pytest.approx(expected)
    buckets = statistics["distribution"]["kll"]["buckets"]
    assert len(buckets) == 10
    assert sum(bucket["count"] for bucket in buckets) == len(values)
    assert (buckets[0]["lower_bound"], buckets[-1]["upper_bound"]) == (values.min(), values.max())


def test_the_sketch_has_the_weight_and_the_quantiles_of_the_cells(
    described: dict[str, dict], cells: dict[str, list[str]]
) -> None:
    values = np.array(cells["duration_minutes"], float)
    statistics = feature(described["statistics"], "duration_minutes")["numerical_statistics"]
    levels = statistics["distribution"]["kll"]["sketch"]["data"]
    expanded = np.concatenate([np.repeat(level, 2**height) for height, level in enumerate(levels)])
    assert len(expanded) == len(values) > 2048 >= max(map(len, levels))
    for share in (0.1, 0.5, 0.9):
        rank = np.searchsorted(np.sort(values), np.quantile(expanded, share)) / len(values)
        assert rank == pytest.approx(share, abs=0.01)


def test_missing_categories_are_counted_and_bound_the_completeness(
    described: dict[str, dict], cells: dict[str, list[str]]
) -> None:
    missing = cells["pickup_area"].count("")
    assert missing > 0
    statistics = feature(described["statistics"], "pickup_area")["string_statistics"]
    assert statistics["common"] == {"num_present": len(cells["pickup_area"]) - missing, "num_missing": missing}
    counts = {bucket["value"]: bucket["count"] for bucket in statistics["distribution"]["categorical"]["buckets"]}
    assert counts == {area: cells["pickup_area"].count(area) for area in set(cells["pickup_area"]) - {""}}
    assert statistics["distinct_count"] == len(counts)
    constraint = feature(described["constraints"], "pickup_area")
    assert constraint["completeness"] == pytest.approx(1 - missing / len(cells["pickup_area"]))
    assert constraint["string_constraints"] == {"domains": sorted(counts)}


def test_the_constraints_have_non_negative_columns_and_the_comparison_method(described: dict[str, dict]) -> None:
    assert feature(described["constraints"], "total_amount")["num_constraints"] == {"is_non_negative": True}
    monitoring = described["constraints"]["monitoring_config"]
    assert monitoring["distribution_constraints"]["categorical_drift_method"] == "LInfinity"


def job_of(base: Path, *cells: str) -> Container:
    """A job whose input has these rows of the target, and nothing of the features."""
    folder = base / "processing" / "input" / "baseline"
    folder.mkdir(parents=True)
    header = ",".join(entry.name for entry in (TARGET, *FEATURES))
    (folder / "baseline.csv").write_text("\n".join([header, *(cell + "," * len(FEATURES) for cell in cells)]))
    return Container(base)


def test_a_wrong_value_is_named_with_its_file_row_and_column(tmp_path: Path) -> None:
    problem = r'baseline\.csv: row 2 \(line 3\), column total_amount: found "cheap", allowed is a number'
    with pytest.raises(InputError, match=problem):
        baseline(job_of(tmp_path, "7", "cheap"))


def test_not_a_number_is_a_missing_value_as_in_the_training(tmp_path: Path) -> None:
    container = job_of(tmp_path, "7", "8")
    file = container.processing_files("baseline")[0]
    file.write_text(file.read_text().replace("7,,", "7,nan,").replace("8,,", "8,5,"))
    baseline(container)
    described = json.loads((container.processing_output("baseline") / "statistics.json").read_text())
    duration = feature(described, FEATURES[0].name)["numerical_statistics"]
    assert duration["common"] == {"num_present": 1, "num_missing": 1}
    assert duration["mean"] == 5.0


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "processing" / "input" / "baseline"
    folder.mkdir(parents=True)
    (folder / "baseline.csv").write_text("total_amount,trip_distance\n1,2\n")
    with pytest.raises(InputError, match=r"no column duration_minutes.*; found total_amount, trip_distance"):
        baseline(Container(tmp_path))
