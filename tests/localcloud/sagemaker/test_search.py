"""The search behind tuning jobs: it stays within the ranges, and improves."""

import statistics
from collections.abc import Sequence

import pytest

from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.jobs import search

PLANE = {
    "ContinuousParameterRanges": [
        {"Name": "x", "MinValue": "-5", "MaxValue": "5"},
        {"Name": "y", "MinValue": "-5", "MaxValue": "5"},
    ]
}


def bowl(values: dict[str, str]) -> float:
    """A function of x and y with its minimum, 0, at (1, -2)."""
    return (float(values["x"]) - 1) ** 2 + (float(values["y"]) + 2) ** 2


def results(
    strategy: str, seed: int, jobs: int = 16, known: Sequence[tuple[dict[str, str], float]] = ()
) -> list[tuple[dict[str, str], float]]:
    """The trials of a search of the bowl, two jobs at a time, and their objectives."""
    searching = search.make(strategy, PLANE, True, seed, list(known))
    running, trials = [], []
    for _ in range(jobs):
        running.append(searching.ask())
        if len(running) == 2:
            ticket, values = running.pop(0)
            trials.append((values, bowl(values)))
            searching.tell(ticket, trials[-1][1])
    return trials


def lowest(trials: list[tuple[dict[str, str], float]]) -> float:
    """The lowest objective."""
    return min(value for _, value in trials)


def drawn(name: str, ranges: dict, count: int = 50) -> list[str]:
    """The values that a random search draws for one hyperparameter."""
    searching = search.make("Random", ranges, True, 1, [])
    return [searching.ask()[1][name] for _ in range(count)]


def test_bayesian_search_comes_closer_to_the_minimum_than_random_search() -> None:
    bayesian = statistics.mean(lowest(results("Bayesian", seed)) for seed in range(10))
    random = statistics.mean(lowest(results("Random", seed)) for seed in range(10))
    assert bayesian < random / 2


def test_a_warm_start_comes_closer_with_the_same_number_of_jobs() -> None:
    parent = results("Random", 100)
    warm = statistics.mean(lowest(results("Bayesian", seed, 6, parent)) for seed in range(10))
    cold = statistics.mean(lowest(results("Bayesian", seed, 6)) for seed in range(10))
    assert warm < cold / 2


def test_results_outside_of_the_ranges_are_left_out_of_a_warm_start() -> None:
    far = [({"x": "7", "y": "0"}, 0.0), ({"x": "1"}, 0.0)]
    assert results("Bayesian", 1, known=far) == results("Bayesian", 1)


def test_integers_are_whole_and_within_their_bounds() -> None:
    depths = drawn("depth", {"IntegerParameterRanges": [{"Name": "depth", "MinValue": "2", "MaxValue": "4"}]})
    assert set(depths) == {"2", "3", "4"}


@pytest.mark.parametrize(
    ("scaling", "low", "high", "below_the_middle"),
    [
        ("Linear", "0.0001", "1", 0.5),
        ("Logarithmic", "0.0001", "1", 0.9),
        ("Auto", "0.0001", "1", 0.9),
        ("Auto", "0.1", "1", 0.5),
        ("ReverseLogarithmic", "0", "0.9999", 0.1),
    ],
)
def test_scaling_decides_where_most_values_are_drawn(
    scaling: str, low: str, high: str, below_the_middle: float
) -> None:
    item = {"Name": "eta", "MinValue": low, "MaxValue": high, "ScalingType": scaling}
    values = [float(text) for text in drawn("eta", {"ContinuousParameterRanges": [item]}, 300)]
    assert float(low) <= min(values) and max(values) <= float(high)
    middle = (float(low) + float(high)) / 2
    assert sum(value < middle for value in values) / 300 == pytest.approx(below_the_middle, abs=0.1)


def test_grid_search_tries_each_combination_once() -> None:
    ranges = {
        "CategoricalParameterRanges": [
            {"Name": "booster", "Values": ["gbtree", "dart"]},
            {"Name": "depth", "Values": ["3", "6"]},
        ]
    }
    grid = search.make("Grid", ranges, True, None, [])
    tried = []
    while (suggestion := grid.ask()) is not None:
        tried.append(tuple(suggestion[1].values()))
    assert sorted(tried) == [("dart", "3"), ("dart", "6"), ("gbtree", "3"), ("gbtree", "6")]


@pytest.mark.parametrize(
    ("kind", "item", "expected"),
    [
        ("Integer", {"MinValue": "2.5", "MaxValue": "4"}, "The range of p is invalid"),
        ("Integer", {"MinValue": "5", "MaxValue": "4"}, "MinValue 5 must not exceed MaxValue 4"),
        (
            "Continuous",
            {"MinValue": "0", "MaxValue": "1", "ScalingType": "Logarithmic"},
            "needs a MinValue above 0",
        ),
        (
            "Continuous",
            {"MinValue": "0", "MaxValue": "1", "ScalingType": "ReverseLogarithmic"},
            "within 0 <= x < 1",
        ),
        (
            "Integer",
            {"MinValue": "1", "MaxValue": "9", "ScalingType": "ReverseLogarithmic"},
            "for continuous ranges only",
        ),
    ],
    ids=["not-whole", "reversed", "log-of-zero", "reverse-log-of-one", "reverse-log-of-integers"],
)
def test_an_impossible_range_is_refused_by_its_name(kind: str, item: dict, expected: str) -> None:
    with pytest.raises(AWSError, match=expected):
        search.make("Random", {f"{kind}ParameterRanges": [{"Name": "p", **item}]}, True, None, [])


def test_one_name_has_one_range() -> None:
    twice = {"CategoricalParameterRanges": [{"Name": "p", "Values": ["1"]}, {"Name": "p", "Values": ["2"]}]}
    with pytest.raises(AWSError, match="p has more than one range"):
        search.make("Random", twice, True, None, [])
