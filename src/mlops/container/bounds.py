"""Counts the predictions of a regression that the bounds of its target do not allow."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlops.container.kinds import Number, Target
from mlops.target_bounds import ENTRY


def describe(target: Target, predicted: np.ndarray) -> dict[str, Any]:
    """`{"outside_bounds": …}` with the number of `rows`, the `most_extreme` prediction (None without any) and the `limits`.

    Empty for a target without bounds.
    """
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
