"""Distances between two distributions, and the distance that chance alone may give.

Numbers: the two-sample Kolmogorov-Smirnov statistic, the largest difference of the cumulative distributions.
Categories: the largest difference of the shares of a value (L-infinity).

Of n and m independent values of the same distribution, a distance d is exceeded with a probability of at most
2 k exp(-2 d^2 / (1/n + 1/m)): for numbers, where k is 1, by Smirnov's limit distribution (Table for estimating the
goodness of fit of empirical distributions, 1948); for each share by Hoeffding's inequality for the difference of two
means (Probability inequalities for sums of bounded random variables, 1963, eq. 2.7), where k is the number of values.
`critical` solves this for d at the probability FALSE_ALARMS for all comparisons of a run together (Bonferroni).
Requests of one client are not independent, so a distance above it can be a client's habit, but not chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

FALSE_ALARMS = 1e-4
"""The probability that a run finds drift in data like the baseline's: about once in a year of hourly runs.

With it, no distance of fewer than six rows is significant.
"""


Weighted = tuple[Sequence[float], Sequence[float]]
"""Numbers in order, and the weight of each."""


def kolmogorov_smirnov(one: Weighted, other: Weighted) -> float:
    """The distance of two distributions of numbers. Neither is empty."""
    (numbers, weights), (other_numbers, other_weights) = one, other
    total, other_total = sum(weights), sum(other_weights)
    distance = below = other_below = 0.0
    index = other_index = 0
    # Behind the last number of one of the two, the difference only gets smaller.
    while index < len(numbers) and other_index < len(other_numbers):
        point = min(numbers[index], other_numbers[other_index])
        while index < len(numbers) and numbers[index] == point:
            below += weights[index]
            index += 1
        while other_index < len(other_numbers) and other_numbers[other_index] == point:
            other_below += other_weights[other_index]
            other_index += 1
        distance = max(distance, abs(below / total - other_below / other_total))
    return distance


def largest_share_difference(one: Mapping[str, int], other: Mapping[str, int], one_more: int = 0) -> float:
    """The distance of two distributions of categories. `one_more` values of `one` are known by their number only."""
    in_one, in_other = sum(one.values()) + one_more, sum(other.values())
    differences = (abs(one.get(value, 0) / in_one - other.get(value, 0) / in_other) for value in {*one, *other})
    return max(differences, default=0.0)


def critical(count: int, baseline: int, comparisons: int) -> float:
    """The largest distance that chance may give. `comparisons` is their number in the run, a category's each its own."""
    return math.sqrt(math.log(2 * comparisons / FALSE_ALARMS) / 2 * (1 / count + 1 / baseline))


def is_by_chance(misses: int, count: int, expected: float, baseline: int) -> bool:
    """Whether `misses` of `count` values may be misses when in the baseline's `baseline` values a share of `expected` was.

    A share above p in n values has a probability of at most exp(-n KL(share || p)): Hoeffding, 1963, theorem 1. It is
    applied to the baseline first, for the largest p that may have given it, and then to the values with that p. Of a
    baseline without misses, none are expected.
    """
    share = misses / count
    if share <= expected:
        return True
    if expected <= 0:
        return False
    low, high = expected, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if baseline * _divergence(expected, middle) < _IMPROBABLE else (low, middle)
    return share <= high or count * _divergence(share, high) < _IMPROBABLE


_IMPROBABLE = -math.log(FALSE_ALARMS)


def _divergence(share: float, other: float) -> float:
    """Kullback-Leibler, of two Bernoulli distributions."""
    parts = ((share, other), (1 - share, 1 - other))
    return sum(one * math.log(one / max(two, 1e-300)) for one, two in parts if one > 0)
