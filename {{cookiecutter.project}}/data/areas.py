"""Maps the city's taxi zones to areas: boroughs and airports.

A month has too few trips for each pair of 260 zones, and the tariff depends on boroughs and airports only. The
LocationIDs of the zones are those of the Taxi and Limousine Commission, from
https://d37ci6vzurychx.cloudfront.net/misc/taxi_zone_lookup.csv (264 and 265 are unknown and out of town).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from model.features import AREAS

_LOCATIONS = {
    "Manhattan": (
        "4 12-13 24 41-43 45 48 50 68 74-75 79 87-88 90 100 103-105 107 113-114 116 120 125 127-128 137 "
        "140-144 148 151-153 158 161-164 166 170 186 194 202 209 211 224 229-234 236-239 243-244 246 249 "
        "261-263"
    ),
    "Bronx": (
        "3 18 20 31-32 46-47 51 58-60 69 78 81 94 119 126 136 147 159 167-169 174 182-185 199-200 208 "
        "212-213 220 235 240-242 247-248 250 254 259"
    ),
    "Brooklyn": (
        "11 14 17 21-22 25-26 29 33-37 39-40 49 52 54-55 61-63 65-67 71-72 76-77 80 85 89 91 97 106 108 "
        "111-112 123 133 149-150 154-155 165 177-178 181 188-190 195 210 217 222 225 227-228 255-257"
    ),
    "Queens": (
        "2 7-10 15-16 19 27-28 30 38 53 56-57 64 70 73 82-83 86 92-93 95-96 98 101-102 117 121-122 124 "
        "129-131 134-135 139 145-146 157 160 171 173 175 179-180 191-193 196-198 201 203 205 207 215-216 "
        "218-219 223 226 252-253 258 260"
    ),
    "Staten Island": "5-6 23 44 84 99 109-110 115 118 156 172 176 187 204 206 214 221 245 251",
    "JFK Airport": "132",
    "LaGuardia Airport": "138",
    "Newark Airport": "1",
}
_ALIASES = {"EWR": "Newark Airport"}
_UNKNOWN = ("", "Unknown", "N/A", "NA", "NV", "Outside of NYC")
"""The TLC's names for a place that is unknown or out of town."""

NAMES = f"{', '.join((*AREAS, *_ALIASES))}; for an unknown place an empty value, {', '.join(filter(None, _UNKNOWN))}"
"""What a column of boroughs may have."""


def from_locations(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """The area of each LocationID; null if the zone is unknown or out of town."""
    by_id = _by_location_id()
    positions = pc.index_in(ids.cast(pa.int64(), safe=False), value_set=pa.array(list(by_id), pa.int64()))
    return pc.take(pa.array(by_id.values(), pa.string()), positions)


def from_names(zones: pa.ChunkedArray | None, boroughs: pa.ChunkedArray | None) -> pa.ChunkedArray:
    """The areas of zone and borough names, either of which may be absent. An airport is known by its zone only."""
    known = [_known(names) for names in (zones, boroughs) if names is not None]
    return pc.coalesce(*known)


def misspelt(boroughs: pa.ChunkedArray) -> dict[str, int]:
    """The number of rows of each value that is not of `NAMES`, the most frequent value first."""
    allowed = pa.array((*AREAS, *_ALIASES, *_UNKNOWN))
    names = boroughs.cast(pa.string()).drop_null()
    counts = pc.value_counts(names.filter(pc.invert(pc.is_in(names, value_set=allowed)))).to_pylist()
    return {each["values"]: each["counts"] for each in sorted(counts, key=lambda each: -each["counts"])}


def _known(names: pa.ChunkedArray) -> pa.ChunkedArray:
    by_name = {area: area for area in AREAS} | _ALIASES
    positions = pc.index_in(names.cast(pa.string()), value_set=pa.array(list(by_name)))
    return pc.take(pa.array(by_name.values(), pa.string()), positions)


def _by_location_id() -> dict[int, str]:
    by_id = {}
    for area, ranges in _LOCATIONS.items():
        for first, _, last in (item.partition("-") for item in ranges.split()):
            by_id |= dict.fromkeys(range(int(first), int(last or first) + 1), area)
    return by_id
