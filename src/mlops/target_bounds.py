"""Predictions of a regression that the bounds of its target do not allow, as an entry of evaluation.json.

They are counted, not refused: a linear model may predict -0.01 of a target whose minimum is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops.contract import Number, Target

if TYPE_CHECKING:
    import numpy as np

ENTRY = "outside_bounds"


def describe(target: Target, predicted: np.ndarray) -> dict[str, Any]:
    """`{"outside_bounds": …}` with the number of `rows`, the `most_extreme` prediction (None without any) and the `limits`.

    Empty for a target without bounds.
    """
    import numpy as np

    if not isinstance(target, Number) or not target.limits:
        return {}
    outside, excess = np.zeros(len(predicted), bool), np.zeros(len(predicted))
    # Of many learners a prediction is a float32, which at a bound of 0.1 is a little more.
    with np.errstate(over="ignore"):
        rounded = predicted.astype(np.float32)
        for bound, beyond in (
            (target.minimum, np.less),
            (target.exclusive_minimum, np.less_equal),
            (target.maximum, np.greater),
            (target.exclusive_maximum, np.greater_equal),
        ):
            if bound is not None:
                wrong = beyond(rounded, np.float32(bound))
                outside |= wrong
                excess = np.maximum(excess, np.where(wrong, np.abs(predicted - bound), 0))
    # A prediction that equals an exclusive bound is outside without an excess.
    extreme = float(predicted[outside][excess[outside].argmax()]) if outside.any() else None
    return {ENTRY: {"rows": int(outside.sum()), "most_extreme": extreme, "limits": target.limits}}


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
