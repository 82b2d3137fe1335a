from __future__ import annotations

from model.features import FEATURES


def test_nothing_that_is_part_of_the_price_is_a_feature() -> None:
    names = {feature.name for feature in FEATURES}
    assert {"duration_minutes", "passenger_count", "trip_distance"} <= names
    assert not {name for name in names if any(part in name for part in ("fare", "tip", "toll", "total", "payment"))}
