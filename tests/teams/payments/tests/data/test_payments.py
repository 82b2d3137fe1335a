"""The sample has the faults of real records; a CSV file of records gives the same sets as its rows."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from data import DataError, prepare
from model.features import FEATURES, OUTCOMES, TARGET

_NAMES = [TARGET.name, *(feature.name for feature in FEATURES)]
_RECORD = ["settled", "12.50", "100", "3", "60", "0.5", "12", "chip", "DE", "mcc-5000"]


def write(path: Path, rows: list[list[str]], names: list[str] = _NAMES) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def test_the_sample_has_long_tails_gaps_and_rare_outcomes(dataset: Path) -> None:
    with (dataset / "train" / "train.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    amounts = sorted(float(row["amount"]) for row in rows if row["amount"])
    assert sum(amounts) / len(amounts) > 1.3 * amounts[len(amounts) // 2]
    incomplete = {name for name in _NAMES if any(row[name] == "" for row in rows)}
    assert {"account_age_days", "previous_payments", "device_score", "issuer_country"} <= incomplete
    assert len({row["merchant"] for row in rows}) == 100
    counts = [sum(row["outcome"] == value for row in rows) for value in TARGET.values]
    assert max(counts) > 2 * min(counts) > 0


def test_the_same_source_gives_the_same_files(dataset: Path, tmp_path: Path) -> None:
    prepare(None, tmp_path, on_progress=lambda message: None)
    for name in ("train", "test"):
        assert (tmp_path / name / f"{name}.csv").read_bytes() == (dataset / name / f"{name}.csv").read_bytes()


def test_records_of_a_file_are_read_by_their_columns_names(tmp_path: Path) -> None:
    names = ["reference", *reversed(_NAMES)]
    records = [["r1", *reversed(_RECORD)]] * 1000
    records += [["r2", *reversed(["", *_RECORD[1:]])], ["r3", *reversed(["settled", "-1", *_RECORD[2:]])]]
    records += [["r4", *reversed([*_RECORD[:2], "NA", *_RECORD[3:]])]]
    said = prepare(write(tmp_path / "payments.csv", records, names), tmp_path, on_progress=lambda message: None)
    assert said["dropped"] == {"no outcome": 1, "amount out of range": 1}
    assert sum(said["rows"][name] for name in ("train", "validation", "test")) == 1001
    assert json.loads((tmp_path / "dataset.json").read_text()) == said
    line = (tmp_path / "test" / "test.csv").read_text().splitlines()[1]
    assert line.startswith(OUTCOMES["settled"])


@pytest.mark.parametrize(
    ("names", "problem"), [(_NAMES[1:], "no column outcome"), (_NAMES, "found 1 usable rows; allowed are 1000 or more")]
)
def test_a_file_that_is_no_source_is_refused(tmp_path: Path, names: list[str], problem: str) -> None:
    file = write(tmp_path / "payments.csv", [_RECORD[-len(names) :]], names)
    with pytest.raises(DataError, match=problem):
        prepare(file, tmp_path / "out", on_progress=lambda message: None)
