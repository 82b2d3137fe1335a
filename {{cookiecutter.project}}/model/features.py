"""The features of a trip, defined once: data preparation, training, evaluation and serving read them from here.

Only values that are known when a rider asks for a price are features. Fare, tip and tolls are parts of the target.
The payment type is excluded too: it is recorded after the trip, and reveals whether the tip was recorded at all.
A request has the expected duration; training data has the actual one.
"""

from __future__ import annotations

from mlops.contract import Category, Feature, Number

AREAS = (
    "Manhattan",
    "Bronx",
    "Brooklyn",
    "Queens",
    "Staten Island",
    "JFK Airport",
    "LaGuardia Airport",
    "Newark Airport",
)
"""The five boroughs, and the airports, which have their own tariffs."""

TARGET = Number("total_amount")
"""Dollars that the rider paid, without cash tips, which are not recorded."""

FEATURES: tuple[Feature, ...] = (
    Number("duration_minutes", exclusive_minimum=0, exclusive_maximum=120),
    Number("passenger_count", minimum=1, integer=True),
    Number("trip_distance", exclusive_minimum=0, exclusive_maximum=121),  # miles
    Number("pickup_hour", minimum=0, maximum=23, integer=True, compared=False),
    Number("pickup_weekday", minimum=0, maximum=6, integer=True, compared=False),  # Monday is 0
    Category("pickup_area", AREAS),
    Category("dropoff_area", AREAS),
)
"""In the order of the columns of a request. The bounds are those of the training data.

Times are not compared by the monitoring: the requests of an hour have other hours than those of a month.
"""
