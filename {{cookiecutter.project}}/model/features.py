"""The features of a trip, defined once: data preparation, training, evaluation and serving read them from here.

Only what is known when a rider asks for a price is a feature. Fare, tip and tolls are parts of the target. The way
of payment stays out as well: it is recorded when the trip is over, and it says whether the tip was recorded at all.
The duration is the expected one; in training data the real one stands in for it.
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
"""The five boroughs, and the airports, which have tariffs of their own."""

TARGET = Number("total_amount")
"""Dollars that the rider paid, cash tips apart (nobody records them)."""

FEATURES: tuple[Feature, ...] = (
    Number("duration_minutes", exclusive_minimum=0, exclusive_maximum=120),
    Number("passenger_count", minimum=1, integer=True),
    Number("trip_distance", exclusive_minimum=0, exclusive_maximum=121),  # miles
    Number("pickup_hour", minimum=0, maximum=23, integer=True),
    Number("pickup_weekday", minimum=0, maximum=6, integer=True),  # Monday is 0
    Category("pickup_area", AREAS),
    Category("dropoff_area", AREAS),
)
"""In the order of the columns of a request. The bounds are those of the trips that the model learns from."""
