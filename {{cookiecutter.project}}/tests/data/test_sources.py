from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv
from trips import records

from data import DataError, sources

SAMPLE = """pickup,dropoff,passengers,distance,fare,tip,tolls,total,color,payment,pickup_zone,dropoff_zone,pickup_borough,dropoff_borough
2019-03-23 20:21:09,2019-03-23 20:27:24,1,1.6,7.0,2.15,0.0,12.95,yellow,credit card,Lenox Hill West,UN/Turtle Bay South,Manhattan,Manhattan
2019-03-22 12:47:13,2019-03-22 12:58:17,0,1.4,8.5,0.0,0.0,11.8,yellow,,JFK Airport,,Queens,
"""
OLD_TLC = """Trip_Pickup_DateTime,Trip_Dropoff_DateTime,Passenger_Count,Trip_Distance,Fare_Amt,Total_Amt
2009-01-04 02:52:00,2009-01-04 03:02:00,1,2.63,8.9,9.4
"""
GREEN = """lpep_pickup_datetime,lpep_dropoff_datetime,passenger_count,trip_distance,fare_amount,total_amount,PULocationID,DOLocationID
2024-01-01 00:46:55,2024-01-01 00:58:25,1,1.98,12.8,15.3,236,264
"""


def read(source: str | Path) -> sources.Trips:
    return sources.read(source, lambda message: None)


def read_text(tmp_path: Path, text: str) -> list[dict]:
    file = tmp_path / "trips.csv"
    file.write_text(text)
    return read(file).table.to_pylist()


def test_samples_with_names_of_zones_are_understood(tmp_path: Path) -> None:
    first, second = read_text(tmp_path, SAMPLE)
    assert str(first["pickup"]) == "2019-03-23 20:21:09"
    assert {name: first[name] for name in first if name not in ("pickup", "dropoff")} == {
        "passenger_count": 1.0,
        "trip_distance": 1.6,
        "fare_amount": 7.0,
        "total_amount": 12.95,
        "pickup_area": "Manhattan",
        "dropoff_area": "Manhattan",
    }
    assert (second["pickup_area"], second["dropoff_area"]) == ("JFK Airport", None)


def test_files_without_places_are_understood_with_the_places_unknown(tmp_path: Path) -> None:
    (trip,) = read_text(tmp_path, OLD_TLC)
    assert (trip["fare_amount"], trip["total_amount"]) == (8.9, 9.4)
    assert (trip["pickup_area"], trip["dropoff_area"]) == (None, None)


def test_green_taxis_files_are_understood(tmp_path: Path) -> None:
    (trip,) = read_text(tmp_path, GREEN)
    assert (trip["pickup_area"], trip["dropoff_area"]) == ("Manhattan", None)


def test_parquet_csv_and_compressed_csv_of_the_same_trips_are_the_same(tmp_path: Path) -> None:
    table = records(3)
    pq.write_table(table, tmp_path / "trips.parquet")
    csv.write_csv(table, tmp_path / "trips.csv")
    with pa.output_stream(str(tmp_path / "zipped.csv.gz"), compression="gzip") as file:
        csv.write_csv(table, file)
    tables = [read(tmp_path / name).table.to_pylist() for name in ("trips.parquet", "trips.csv", "zipped.csv.gz")]
    assert tables[0] == tables[1] == tables[2]


def test_times_with_a_time_zone_are_converted_to_new_yorks(tmp_path: Path) -> None:
    (trip,) = read_text(tmp_path, GREEN.replace("00:46:55,", "05:46:55Z,").replace("00:58:25,", "05:58:25Z,"))
    assert str(trip["pickup"]) == "2024-01-01 00:46:55"


def test_all_files_of_a_folder_are_read(tmp_path: Path) -> None:
    for month in ("2024-01", "2024-02"):
        pq.write_table(records(2), tmp_path / f"{month}.parquet")
    (tmp_path / "notes.txt").write_text("not trips")
    assert read(tmp_path).table.num_rows == 4


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files a local server publishes as the TLC does."""
    folder = tmp_path / "published"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(sources, "TLC", f"http://127.0.0.1:{server.server_port}")
        yield folder
        server.shutdown()


def test_a_month_is_downloaded_from_the_tlc(publisher: Path) -> None:
    pq.write_table(records(3), publisher / "yellow_tripdata_2024-01.parquet")
    pq.write_table(records(5), publisher / "green_tripdata_2024-02.parquet")
    messages: list[str] = []
    yellow = sources.read("2024-01", messages.append)
    assert yellow.table.num_rows == 3
    assert yellow.source.endswith("/yellow_tripdata_2024-01.parquet")
    assert any(message.startswith("downloading yellow_tripdata_2024-01.parquet") for message in messages)
    assert read("green-2024-02").table.num_rows == 5


def test_an_unpublished_month_is_refused_with_its_address(publisher: Path) -> None:
    with pytest.raises(DataError, match=r"/yellow_tripdata_2031-01\.parquet: cannot be downloaded \(File not found\)"):
        read("2031-01")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("trips.csv", "a,b\n1,2\n", r"trips\.csv: no column for pickup \(one of tpep_pickup_datetime, .*; found a, b"),
        (
            "trips.csv",
            SAMPLE.replace(",1.6,", ",far,"),
            r"trips\.csv: column trip_distance: allowed are numbers .*'far'",
        ),
        (
            "trips.csv",
            SAMPLE.replace("2019-03-23 20:21:09", "soon"),
            r"column pickup: found 'soon', allowed are times like",
        ),
        ("trips.csv", "a,b\n1,2,3\n", r"trips\.csv: CSV parse error"),
        ("trips.csv", "", r"trips\.csv: Empty CSV file; allowed is a table with columns for pickup, dropoff, "),
        ("trips.parquet", "garbage", r"trips\.parquet: .*"),
        ("trips.xlsx", "garbage", r"trips\.xlsx: no file that ends in \.parquet, \.csv, \.csv\.gz"),
    ],
)
def test_files_without_trips_are_refused_with_what_is_allowed(
    tmp_path: Path, name: str, content: str, complaint: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=complaint):
        read(tmp_path / name)


def test_a_path_that_does_not_exist_is_refused_with_what_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"trips\.csv: does not exist; allowed are a CSV or Parquet file of trips"):
        read(tmp_path / "trips.csv")
