"""Trip records in the format of the TLC's files."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

BEGIN = datetime(2024, 1, 3, 8, 15)  # a Wednesday


def records(count: int = 200, **changes: Any) -> pa.Table:
    """Good trips in the TLC's columns of today; `changes` replace a value in each."""
    trip = {
        "VendorID": 2,
        "tpep_pickup_datetime": BEGIN,
        "tpep_dropoff_datetime": BEGIN + timedelta(minutes=10, seconds=30),
        "passenger_count": 1.0,
        "trip_distance": 2.5,
        "RatecodeID": 1.0,
        "PULocationID": 132,
        "DOLocationID": 161,
        "payment_type": 1,
        "fare_amount": 12.5,
        "tip_amount": 2.0,
        "total_amount": 18.3,
    }
    return pa.Table.from_pylist([trip | changes] * count)
