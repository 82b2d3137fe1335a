"""Turns trips into rows of the data set: computes the features, drops and counts trips with faults."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from mlops.contract import Number

from model.features import FEATURES, TARGET

FARE = Number("fare_amount", exclusive_minimum=0, exclusive_maximum=200)
"""The bounds of the fare: not a feature, but refunds and typing errors are outside of them."""

# Areas may be unknown: the model accepts missing values of them. All other columns must have a value.
_MAY_BE_MISSING = ("pickup_area", "dropoff_area")


def rows_from(trips: pa.Table) -> tuple[pa.Table, dict[str, int]]:
    """Target and features of the trips in `columns.canonical`'s form, and how many were dropped for what reason.

    A trip with several faults counts under the first: reasons and remaining rows add up to the trips.
    """
    rows = _features(trips)
    dropped: dict[str, int] = {}

    def drop(reason: str, bad: pa.ChunkedArray) -> None:
        nonlocal rows
        if count := pc.sum(bad).as_py():
            dropped[reason] = count
            rows = rows.filter(pc.invert(bad))

    for feature in (FARE, *FEATURES, TARGET):
        if feature.name not in _MAY_BE_MISSING:
            drop(f"{feature.name} missing", pc.is_null(rows[feature.name], nan_is_null=True))
        if isinstance(feature, Number):
            drop(f"{feature.name} out of range", _out_of_range(feature, rows[feature.name]))
    return rows.select([TARGET.name, *(feature.name for feature in FEATURES)]), dropped


def _features(trips: pa.Table) -> pa.Table:
    """One column per feature, computed from the trips, and in addition the fare and the target."""
    pickup = trips["pickup"]
    seconds = pc.divide(pc.microseconds_between(pickup, trips["dropoff"]).cast(pa.float64()), 1e6)
    columns = {
        "duration_minutes": pc.round(pc.divide(seconds, 60), 4),
        "pickup_hour": pc.hour(pickup),
        "pickup_weekday": pc.day_of_week(pickup),
    }
    columns |= {name: trips[name] for name in ("fare_amount", TARGET.name)}
    columns |= {feature.name: trips[feature.name] for feature in FEATURES if feature.name not in columns}
    return pa.table(columns)


def _out_of_range(feature: Number, values: pa.ChunkedArray) -> pa.ChunkedArray:
    above, below = feature.interval
    bad = pc.or_(pc.less_equal(values, above), pc.greater_equal(values, below))
    if feature.integer:
        bad = pc.or_(bad, pc.not_equal(values, pc.floor(values)))
    return bad
