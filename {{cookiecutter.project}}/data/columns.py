"""Converts trip records to one form: publishers name and type their columns in different ways."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from mlops.contract import DataError

from data import areas

# For each column: the TLC's present name, its earlier names, and the usual names in samples of its data.
_NAMES = {
    "pickup": ("tpep_pickup_datetime", "lpep_pickup_datetime", "pickup_datetime", "trip_pickup_datetime", "pickup"),
    "dropoff": (
        "tpep_dropoff_datetime",
        "lpep_dropoff_datetime",
        "dropoff_datetime",
        "trip_dropoff_datetime",
        "dropoff",
    ),
    "passenger_count": ("passenger_count", "passengers"),
    "trip_distance": ("trip_distance", "distance"),
    "fare_amount": ("fare_amount", "fare_amt", "fare"),
    "total_amount": ("total_amount", "total_amt", "total"),
}
_OPTIONAL = {
    "pickup_location": ("pulocationid", "pickup_location_id"),
    "dropoff_location": ("dolocationid", "dropoff_location_id"),
    "pickup_zone": ("pickup_zone",),
    "dropoff_zone": ("dropoff_zone",),
    "pickup_borough": ("pickup_borough",),
    "dropoff_borough": ("dropoff_borough",),
}
ALLOWED = f"a table with columns for {', '.join(_NAMES)}, named as in the TLC's files"
_MOST_SHOWN = 3  # of wrong values in a message
_TIMES = "allowed are times like 2019-03-23 20:21:09"
READ = frozenset(alias for names in (_NAMES | _OPTIONAL).values() for alias in names)
"""Lower-case names of all columns that `canonical` uses."""


def canonical(trips: pa.Table) -> pa.Table:
    """The columns pickup, dropoff (timestamps), passenger_count, trip_distance, fare_amount, total_amount (numbers),
    pickup_area and dropoff_area (strings, null where unknown).

    Raises DataError with the names of columns that are missing, or not of a usable type.
    """
    if not trips.num_rows:
        raise DataError("found no rows, allowed are rows of trips below the names of the columns")
    by_name = _find(trips)
    if missing := [name for name in _NAMES if name not in by_name]:
        wanted = "; ".join(f"{name} (one of {', '.join(_NAMES[name])})" for name in missing)
        raise DataError(f"no column for {wanted}; found {', '.join(trips.column_names)}")
    columns = {name: _timestamps(by_name[name], name) for name in ("pickup", "dropoff")}
    columns |= {name: _numbers(by_name[name], name) for name in _NAMES if name not in columns}
    columns |= {f"{end}_area": _areas(by_name, end, trips.num_rows) for end in ("pickup", "dropoff")}
    return pa.table(columns)


def _find(trips: pa.Table) -> dict[str, pa.ChunkedArray]:
    lower = [column.strip().lower() for column in trips.column_names]
    if twice := sorted({column for column in lower if column in READ and lower.count(column) > 1}):
        raise DataError(f"column {', '.join(twice)}: found twice, allowed is one column of a name")
    by_lower = {column: position for position, column in enumerate(lower)}
    by_name = {}
    for name, aliases in (_NAMES | _OPTIONAL).items():
        if alias := next((alias for alias in aliases if alias in by_lower), None):
            by_name[name] = trips.column(by_lower[alias])
    return by_name


def _areas(by_name: dict[str, pa.ChunkedArray], end: str, rows: int) -> pa.ChunkedArray | pa.Array:
    if (ids := by_name.get(f"{end}_location")) is not None:
        return areas.from_locations(_numbers(ids, f"{end}_location"))
    zones, boroughs = by_name.get(f"{end}_zone"), by_name.get(f"{end}_borough")
    if zones is None and boroughs is None:
        return pa.nulls(rows, pa.string())
    if boroughs is not None:
        _refuse_misspelt(boroughs, f"{end}_borough")
    return areas.from_names(zones, boroughs)


def _refuse_misspelt(boroughs: pa.ChunkedArray, name: str) -> None:
    if wrong := list(areas.misspelt(boroughs).items()):
        found = ", ".join(f"{value!r} in {rows:,} row{'s' * (rows > 1)}" for value, rows in wrong[:_MOST_SHOWN])
        more = f" and {len(wrong) - _MOST_SHOWN:,} more values" if len(wrong) > _MOST_SHOWN else ""
        raise DataError(f"column {name}: found {found}{more}; allowed are {areas.NAMES}")


def _numbers(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    try:
        return column.cast(pa.float64())
    except pa.ArrowInvalid as error:
        raise DataError(f"column {name}: allowed are numbers ({error})") from None
    except pa.ArrowNotImplementedError:
        raise DataError(f"column {name}: found {column.type}, allowed are numbers") from None


def _timestamps(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        try:
            return column.cast(pa.timestamp("us"))
        except pa.ArrowInvalid as error:
            # Arrow's message quotes the first value that is not a time.
            found = "'".join(str(error).split("'")[1:-1])
            raise DataError(f"column {name}: found {found!r}, {_TIMES}") from None
    if not pa.types.is_timestamp(kind):
        found = column.drop_null().slice(0, 1).to_pylist()
        raise DataError(f"column {name}: found {found[0] if found else 'nothing'}, {_TIMES}")
    if kind.tz is not None:
        column = pc.local_timestamp(column.cast(pa.timestamp(kind.unit, "America/New_York")))
    return column.cast(pa.timestamp("us"))
