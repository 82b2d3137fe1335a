from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from data import DataError, sources

HEADER = "pickup,dropoff,passengers,distance,fare,total\n"
ROW = "2019-03-23 20:21:09,2019-03-23 20:27:24,1,1.6,7.0,12.95\n"


def refusal(file: Path) -> str:
    with pytest.raises(DataError) as raised:
        sources.read(file, lambda message: None)
    return str(raised.value)


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    return tmp_path / "trips.csv"


def test_the_message_shows_the_first_invalid_time(trips: Path) -> None:
    trips.write_text(HEADER + ROW + ROW.replace("2019-03-23 20:27:24", "later"))
    assert refusal(trips) == f"{trips}: column dropoff: found 'later', allowed are times like 2019-03-23 20:21:09"


def test_a_file_with_a_header_alone_has_no_rows(trips: Path) -> None:
    trips.write_text(HEADER)
    assert refusal(trips) == f"{trips}: found no rows, allowed are rows of trips below the names of the columns"


@pytest.mark.parametrize("cut", [lambda content: content[:-20], lambda content: content[:30] + b"x" + content[31:]])
def test_a_damaged_archive_is_named(tmp_path: Path, cut) -> None:
    file = tmp_path / "trips.csv.gz"
    file.write_bytes(cut(gzip.compress((HEADER + ROW * 1000).encode())))
    assert refusal(file).startswith(f"{file}: ")


def test_a_folder_named_like_a_file_is_not_read(tmp_path: Path, trips: Path) -> None:
    trips.mkdir()
    assert refusal(tmp_path).startswith(f"{tmp_path}: no file that ends in .parquet")


def test_an_empty_name_is_not_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trips.csv").write_text(HEADER + ROW)
    assert refusal("").startswith("an empty name; allowed are a CSV or Parquet file")


def test_a_repeated_column_is_refused(trips: Path) -> None:
    trips.write_text(HEADER.replace("total", "total,Total") + ROW.replace("12.95", "12.95,99"))
    assert refusal(trips) == f"{trips}: column total: found twice, allowed is one column of a name"


def test_repeated_columns_that_are_not_read_are_accepted(trips: Path) -> None:
    trips.write_text(HEADER.replace("total", "total,note,note") + ROW.replace("12.95", "12.95,a,b"))
    assert sources.read(trips, lambda message: None).table.num_rows == 1


BOROUGHS = HEADER.replace("total", "total,pickup_zone,pickup_borough")


def in_borough(name: str) -> str:
    return ROW.replace("12.95", f"12.95,Midtown Center,{name}")


def test_a_misspelt_borough_is_refused_with_its_rows_and_the_names_that_are_allowed(trips: Path) -> None:
    names = ["Manhattan", *["Manhatan"] * 3, "Bronks", "Queens"]
    trips.write_text(BOROUGHS + "".join(map(in_borough, names)))
    assert refusal(trips) == (
        f"{trips}: column pickup_borough: found 'Manhatan' in 3 rows, 'Bronks' in 1 row; allowed are Manhattan, Bronx, "
        "Brooklyn, Queens, Staten Island, JFK Airport, LaGuardia Airport, Newark Airport, EWR; for an unknown place an "
        "empty value, Unknown, N/A, NA, NV, Outside of NYC"
    )


def test_the_most_frequent_of_many_misspelt_boroughs_are_shown(trips: Path) -> None:
    trips.write_text(BOROUGHS + "".join(map(in_borough, ["a", "b", "c", "d", "e", "e"])))
    assert "found 'e' in 2 rows, 'a' in 1 row, 'b' in 1 row and 2 more values; allowed" in refusal(trips)


@pytest.mark.parametrize("name", ["", "Unknown", "N/A", "NA", "NV"])
def test_a_borough_that_the_tlc_does_not_know_is_a_missing_area(trips: Path, name: str) -> None:
    trips.write_text(BOROUGHS + in_borough("Queens") + in_borough(name))
    assert sources.read(trips, lambda message: None).table["pickup_area"].to_pylist() == ["Queens", None]
