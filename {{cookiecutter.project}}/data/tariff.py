"""What a New York taxi costs, by the city's published tariff of 19 December 2022.

https://rules.cityofnewyork.us/rule/taximeter-rate-of-fare-and-various-surcharges/
https://www.nyc.gov/site/tlc/passengers/taxi-fare.page
"""

from __future__ import annotations

import math
from datetime import datetime

INITIAL = 3.00
UNIT = 0.70  # per fifth of a mile at 12 mph and more, per minute below
STATE_TAX = 0.50
IMPROVEMENT = 1.00
OVERNIGHT = 1.00  # 8 pm to 6 am
RUSH_HOUR = 2.50  # 4 pm to 8 pm on weekdays
CONGESTION = 2.50  # Manhattan south of 96th Street
JFK_FLAT = 70.00  # between JFK and Manhattan
JFK_RUSH_HOUR = 5.00
LAGUARDIA = 5.00
NEWARK = 20.00
AIRPORT_ACCESS = 1.75  # picked up at JFK or LaGuardia


def meter(miles: float, slow_miles: float, slow_minutes: float) -> float:
    """Dollars on the meter: units of distance outside slow traffic, and of time in it; the last one is paid in full."""
    # Rounded, so that the last bit of a float does not start another unit.
    units = math.ceil(round(5 * (miles - slow_miles) + slow_minutes, 6))
    return round(INITIAL + UNIT * units, 2)


def fare_and_surcharges(pickup: datetime, origin: str, destination: str, metered: float) -> tuple[float, float]:
    """The fare and the sum of all surcharges, in dollars, without tip and tolls."""
    ends = {origin, destination}
    rush_hour = pickup.weekday() < 5 and 16 <= pickup.hour < 20
    surcharges = STATE_TAX + IMPROVEMENT
    if ends == {"Manhattan", "JFK Airport"}:
        fare = JFK_FLAT
        surcharges += JFK_RUSH_HOUR if rush_hour else 0
    else:
        fare = metered
        surcharges += RUSH_HOUR if rush_hour else 0
        surcharges += OVERNIGHT if pickup.hour >= 20 or pickup.hour < 6 else 0
    if "Manhattan" in ends:
        surcharges += CONGESTION
    if "LaGuardia Airport" in ends:
        surcharges += LAGUARDIA
    if destination == "Newark Airport":
        surcharges += NEWARK - STATE_TAX
    if origin in ("JFK Airport", "LaGuardia Airport"):
        surcharges += AIRPORT_ACCESS
    return fare, surcharges
