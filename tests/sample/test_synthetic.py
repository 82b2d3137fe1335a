from __future__ import annotations

from datetime import datetime
from pathlib import Path

import data
import pyarrow as pa
import pytest
from data import areas, synthetic, tariff
from model.features import AREAS

WEDNESDAY = datetime(2024, 5, 1)


def test_the_sample_is_the_same_on_every_machine() -> None:
    trips = synthetic.trips(1000)
    assert round(sum(trips["total_amount"].to_pylist()), 2) == 31437.76
    assert trips.slice(0, 1).to_pylist() == [
        {
            "tpep_pickup_datetime": datetime(2024, 5, 11, 17, 42, 42),
            "tpep_dropoff_datetime": datetime(2024, 5, 11, 17, 51, 16),
            "passenger_count": 1,
            "trip_distance": 1.33,
            "pickup_borough": "Manhattan",
            "dropoff_borough": "Manhattan",
            "fare_amount": 10.7,
            "tip_amount": 0.0,
            "tolls_amount": 0.0,
            "total_amount": 14.7,
        }
    ]


def test_the_sample_is_labelled_synthetic_and_filtered_like_real_trips(tmp_path: Path) -> None:
    dataset = data.prepare(None, tmp_path)
    assert dataset["synthetic"] is True
    assert dataset["source"].startswith("synthetic")
    kept = sum(count for name, count in dataset["rows"].items() if name != "baseline")
    assert kept + sum(dataset["dropped"].values()) == synthetic.TRIPS
    assert dataset["dropped"].keys() == {
        "fare_amount out of range",
        "passenger_count missing",
        "passenger_count out of range",
        "trip_distance out of range",
    }


def test_the_meter_counts_full_units_of_distance_and_of_time_in_traffic() -> None:
    assert tariff.meter(miles=1.0, slow_miles=0, slow_minutes=0) == 6.50
    assert tariff.meter(miles=1.01, slow_miles=0, slow_minutes=0) == 7.20
    assert tariff.meter(miles=1.0, slow_miles=0.5, slow_minutes=4.5) == 7.90


@pytest.mark.parametrize(
    ("hour", "origin", "destination", "fare", "surcharges"),
    [
        (12, "Brooklyn", "Brooklyn", 20.0, 0.50 + 1.00),
        (12, "Manhattan", "Brooklyn", 20.0, 1.50 + 2.50),
        (17, "Manhattan", "Manhattan", 20.0, 1.50 + 2.50 + 2.50),
        (23, "Manhattan", "Manhattan", 20.0, 1.50 + 2.50 + 1.00),
        (12, "Manhattan", "JFK Airport", 70.0, 1.50 + 2.50),
        (17, "JFK Airport", "Manhattan", 70.0, 1.50 + 2.50 + 5.00 + 1.75),
        (12, "LaGuardia Airport", "Queens", 20.0, 1.50 + 5.00 + 1.75),
        (12, "Manhattan", "Newark Airport", 20.0, 1.00 + 2.50 + 20.00),
    ],
)
def test_surcharges_follow_the_published_tariff(
    hour: int, origin: str, destination: str, fare: float, surcharges: float
) -> None:
    pickup = WEDNESDAY.replace(hour=hour)
    assert tariff.fare_and_surcharges(pickup, origin, destination, metered=20.0) == (fare, surcharges)


def test_there_is_no_rush_hour_on_a_saturday() -> None:
    saturday = datetime(2024, 5, 4, 17)
    assert tariff.fare_and_surcharges(saturday, "Brooklyn", "Brooklyn", 20.0) == (20.0, 1.50)


def test_every_zone_of_the_city_has_an_area() -> None:
    found = areas.from_locations(pa.chunked_array([list(range(266))])).to_pylist()
    assert [zone for zone, area in enumerate(found) if area is None] == [0, 264, 265]
    sizes = {area: found.count(area) for area in AREAS}
    assert sizes == {
        "Manhattan": 69,
        "Bronx": 43,
        "Brooklyn": 61,
        "Queens": 67,
        "Staten Island": 20,
        "JFK Airport": 1,
        "LaGuardia Airport": 1,
        "Newark Airport": 1,
    }
