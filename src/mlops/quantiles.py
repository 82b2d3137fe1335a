"""Quantiles of measured values."""

from __future__ import annotations

import math
from collections.abc import Sequence


def quantile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank quantile: the smallest value such that at least this share of the values is not above it."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
