from __future__ import annotations

import csv
import json
import re
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mlops.contract import Number
from trips import BEGIN, records

import data
from data import DataError
from model.features import FEATURES, TARGET

COLUMNS = [TARGET.name, *(feature.name for feature in FEATURES)]


def written(table: pa.Table, path: Path) -> Path:
    pq.write_table(table, path)
    return path


def rows(out: Path, name: str) -> list[dict[str, str]]:
    with (out / name / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_trip_becomes_a_row_of_target_and_features(tmp_path: Path) -> None:
    data.prepare(written(records(), tmp_path / "trips.parquet"), tmp_path / "out")
    text = (tmp_path / "out" / "train" / "train.csv").read_text().splitlines()
    trip = {
        "total_amount": "18.3",
        "duration_minutes": "10.5",
        "passenger_count": "1",
        "trip_distance": "2.5",
        "pickup_hour": "8",
        "pickup_weekday": "2",
        "pickup_area": "JFK Airport",
        "dropoff_area": "Manhattan",
    }
    assert text[0] == ",".join(COLUMNS)
    assert text[1] == ",".join(trip[name] for name in COLUMNS)


def test_every_trip_is_in_exactly_one_of_the_sets(tmp_path: Path) -> None:
    table = records(1000).set_column(4, "trip_distance", pa.array([n / 100 for n in range(1, 1001)]))
    dataset = data.prepare(written(table, tmp_path / "trips.parquet"), tmp_path / "out")
    sets = {name: rows(tmp_path / "out", name) for name in ("train", "validation", "test", "baseline")}
    assert {name: len(part) for name, part in sets.items()} == dataset["rows"]
    distances = [float(row["trip_distance"]) for name in ("train", "validation", "test") for row in sets[name]]
    assert sorted(distances) == [n / 100 for n in range(1, 1001)]
    assert [dataset["rows"][name] for name in ("train", "validation", "test")] == [700, 150, 150]
    assert sets["baseline"] == sets["train"]


def test_dropped_trips_are_counted_by_reason(tmp_path: Path) -> None:
    tables = [
        records(100),
        records(1, fare_amount=0.0),
        records(2, fare_amount=200.0),
        records(3, fare_amount=None),
        records(4, tpep_dropoff_datetime=BEGIN),
        records(5, tpep_dropoff_datetime=BEGIN + timedelta(minutes=120)),
        records(6, trip_distance=0.0),
        records(7, trip_distance=1000.0),
        records(8, passenger_count=0.0),
        records(9, passenger_count=None),
        records(10, total_amount=None),
        # Counts once, under the first reason.
        records(11, fare_amount=-5.0, passenger_count=0.0),
    ]
    dataset = data.prepare(
        written(pa.concat_tables(tables, promote_options="permissive"), tmp_path / "t.parquet"), tmp_path
    )
    assert dataset["dropped"] == {
        "fare_amount missing": 3,
        "fare_amount out of range": 14,
        "duration_minutes out of range": 9,
        "trip_distance out of range": 13,
        "passenger_count missing": 9,
        "passenger_count out of range": 8,
        "total_amount missing": 10,
    }
    kept = sum(count for name, count in dataset["rows"].items() if name != "baseline")
    assert kept == 100
    assert kept + sum(dataset["dropped"].values()) == sum(table.num_rows for table in tables)


def test_values_just_within_the_bounds_are_kept(tmp_path: Path) -> None:
    upper = {feature.name: feature.interval[1] for feature in FEATURES if isinstance(feature, Number)}
    end = BEGIN + timedelta(minutes=upper["duration_minutes"], seconds=-1)
    edges = {"fare_amount": 199.99, "trip_distance": upper["trip_distance"] - 0.01, "tpep_dropoff_datetime": end}
    assert data.prepare(written(records(**edges), tmp_path / "trips.parquet"), tmp_path)["dropped"] == {}


def test_dataset_json_describes_source_and_columns(tmp_path: Path) -> None:
    source = written(records(), tmp_path / "january.parquet")
    dataset = data.prepare(source, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "dataset.json").read_text()) == dataset
    assert (dataset["source"], dataset["synthetic"]) == ("january.parquet", False)
    assert (dataset["target"], dataset["features"]) == (COLUMNS[0], COLUMNS[1:])
    assert re.fullmatch("[0-9a-f]{64}", dataset["created_from_sha256"])


def test_the_same_source_gives_the_same_files(tmp_path: Path) -> None:
    source = written(records(), tmp_path / "trips.parquet")
    for name in ("one", "two"):
        data.prepare(source, tmp_path / name)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) == 5
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files)


def test_too_few_trips_are_refused_with_the_reasons_and_nothing_written(tmp_path: Path) -> None:
    source = written(records(120, passenger_count=0.0), tmp_path / "trips.parquet")
    with pytest.raises(
        DataError, match="0 usable trips, at least 100 are needed; dropped: 120 for passenger_count out of"
    ):
        data.prepare(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_progress_names_each_step(tmp_path: Path) -> None:
    messages: list[str] = []
    data.prepare(written(records(), tmp_path / "trips.parquet"), tmp_path, messages.append)
    assert messages[:2] == ["reading trips.parquet", "filtering 200 trips"]
    assert "writing test: 30 rows" in messages
