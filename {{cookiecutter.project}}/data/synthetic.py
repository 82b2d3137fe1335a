"""Generates synthetic trips, so that the pipeline runs without a download.

The seeded generator is in the repository in place of its output: it makes the same rows on every machine in less than
a second, and no data file needs a place in git. Prices follow the city's tariff (`data/tariff.py`). Routes, speeds,
tolls and tips are invented, in proportions that resemble a spring month. A few trips have faults of real records, for
which preparation must drop them: refunds, meters that never moved, no passengers.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from data import tariff

SOURCE = "synthetic (seeded generator, the city's tariff of December 2022)"
TRIPS = 24_000
SEED = 2022
_FIRST_DAY = datetime(2024, 5, 1)

# From, to, share of all trips, median miles, spread (sigma of the lognormal).
_ROUTES = (
    ("Manhattan", "Manhattan", 62.0, 1.8, 0.60),
    ("Manhattan", "Brooklyn", 4.5, 5.8, 0.35),
    ("Brooklyn", "Manhattan", 3.5, 5.8, 0.35),
    ("Manhattan", "Queens", 3.5, 6.3, 0.40),
    ("Queens", "Manhattan", 2.5, 6.3, 0.40),
    ("Manhattan", "Bronx", 1.2, 7.2, 0.35),
    ("Bronx", "Manhattan", 0.6, 7.2, 0.35),
    ("Brooklyn", "Brooklyn", 3.5, 2.3, 0.60),
    ("Queens", "Queens", 3.5, 2.8, 0.60),
    ("Bronx", "Bronx", 1.0, 2.4, 0.55),
    ("Brooklyn", "Queens", 0.9, 5.2, 0.45),
    ("Queens", "Brooklyn", 0.8, 5.2, 0.45),
    ("Staten Island", "Staten Island", 0.1, 3.2, 0.50),
    ("Brooklyn", "Staten Island", 0.2, 9.5, 0.30),
    ("JFK Airport", "Manhattan", 3.0, 17.5, 0.10),
    ("Manhattan", "JFK Airport", 2.0, 17.5, 0.10),
    ("JFK Airport", "Brooklyn", 0.9, 14.0, 0.25),
    ("JFK Airport", "Queens", 0.9, 8.0, 0.45),
    ("Brooklyn", "JFK Airport", 0.4, 14.0, 0.25),
    ("LaGuardia Airport", "Manhattan", 2.8, 9.8, 0.15),
    ("Manhattan", "LaGuardia Airport", 2.4, 9.8, 0.15),
    ("LaGuardia Airport", "Brooklyn", 0.7, 9.2, 0.25),
    ("LaGuardia Airport", "Queens", 0.5, 4.5, 0.45),
    ("Manhattan", "Newark Airport", 0.3, 17.0, 0.10),
)
_HOURS = (20, 13, 9, 6, 5, 7, 16, 30, 40, 40, 40, 43, 47, 48, 50, 52, 50, 56, 60, 54, 48, 46, 42, 32)
_TIPS = ((0.30, 1), (0.25, 2), (0.20, 6), (0.18, 2), (0.15, 1), (0.0, 1))
_FREE_MPH, _SLOW_MPH = 26.0, 6.0


def trips(count: int = TRIPS, seed: int = SEED) -> pa.Table:
    """`count` synthetic trips as the TLC would record them. The same arguments give the same trips."""
    dice = random.Random(seed)
    routes = dice.choices(_ROUTES, [route[2] for route in _ROUTES], k=count)
    return pa.Table.from_pylist([_spoiled(_trip(dice, *route), dice) for route in routes])


def _trip(dice: random.Random, origin: str, destination: str, _: float, median: float, sigma: float) -> dict[str, Any]:
    hour = dice.choices(range(24), _HOURS)[0]
    pickup = _FIRST_DAY + timedelta(days=dice.randrange(31), hours=hour, seconds=dice.randrange(3600))
    miles = round(min(median * dice.lognormvariate(0, sigma), 60.0), 2) or 0.1
    busy = 1.0 if hour < 6 else 1.45 if hour < 16 else 1.6 if hour < 20 else 1.25
    mph = min(9.5 + 1.1 * miles, 30.0) / busy * 1.3 * dice.lognormvariate(0, 0.18)
    seconds = max(int(miles / mph * 3600), 30)
    slow_minutes = max(seconds / 60 - miles * 60 / _FREE_MPH, 0) / (1 - _SLOW_MPH / _FREE_MPH)
    slow_miles = min(slow_minutes / 60 * _SLOW_MPH, miles)
    metered = tariff.meter(miles, slow_miles, slow_minutes)
    fare, surcharges = tariff.fare_and_surcharges(pickup, origin, destination, metered)
    tolls = _tolls(dice, origin, destination)
    share = dice.choices([tip for tip, _ in _TIPS], [weight for _, weight in _TIPS])[0]
    # One in five pays cash; cash tips are not recorded.
    tip = 0.0 if dice.random() < 0.2 else round(share * (fare + surcharges + tolls), 2)
    return {
        "tpep_pickup_datetime": pickup,
        "tpep_dropoff_datetime": pickup + timedelta(seconds=seconds),
        "passenger_count": dice.choices((1, 2, 3, 4, 5, 6), (73, 15, 4, 3, 3, 2))[0],
        "trip_distance": miles,
        "pickup_borough": origin if dice.random() > 0.005 else None,
        "dropoff_borough": destination if dice.random() > 0.008 else None,
        "fare_amount": fare,
        "tip_amount": tip,
        "tolls_amount": tolls,
        "total_amount": round(fare + surcharges + tolls + tip, 2),
    }


def _tolls(dice: random.Random, origin: str, destination: str) -> float:
    if "Newark Airport" in (origin, destination):
        return 16.06
    if "Staten Island" in (origin, destination) and origin != destination:
        return 6.94
    crosses_east_river = "Manhattan" in (origin, destination) and origin != destination
    return 6.94 if crosses_east_river and dice.random() < 0.35 else 0.0


def _spoiled(trip: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """The trip, or in 15 of 1,000 cases the trip with a fault of real records."""
    fault = dice.choices(("none", "refund", "standstill", "nobody", "unknown"), (985, 4, 4, 4, 3))[0]
    if fault == "refund":
        return trip | {"fare_amount": -trip["fare_amount"], "total_amount": -trip["total_amount"]}
    if fault == "standstill":
        return trip | {"trip_distance": 0.0}
    if fault == "nobody":
        return trip | {"passenger_count": 0}
    if fault == "unknown":
        return trip | {"passenger_count": None}
    return trip
