"""The entry of evaluation.json for predictions of a regression that the bounds of its target do not allow.

They are counted, not refused: a linear model may predict -0.01 of a target whose minimum is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ENTRY = "outside_bounds"


def sentence(evaluation: Mapping[str, Any] | None) -> str:
    """The entry in words; empty where no prediction is outside, and for evaluations without the entry."""
    counted = (evaluation or {}).get(ENTRY)
    if not evaluation or not counted or not counted["rows"]:
        return ""
    verb = "is" if counted["rows"] == 1 else "are"
    return (
        f"{counted['rows']:,} of {evaluation['rows']:,} predictions {verb} outside of what TARGET in model/features.py "
        f"allows ({counted['limits']}); the most extreme is {counted['most_extreme']:.4g}"
    )
