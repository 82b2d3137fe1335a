"""Search over hyperparameter ranges: Bayesian and random through optuna, grid by going through all of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mlops.localcloud.errors import AWSError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

# Bayesian search starts from a few random points; AWS does not document their number.
_STARTUP_JOBS = 3
# A range over two decades and more is searched logarithmically when its ScalingType is Auto.
_AUTO_LOGARITHMIC = 100


@dataclass(frozen=True)
class Range:
    """One hyperparameter: what optuna draws, and the value that it means."""

    name: str
    distribution: BaseDistribution
    to_value: Callable[[Any], Any]
    from_value: Callable[[Any], Any]

    def text(self, drawn: Any) -> str:
        """The hyperparameter as a training job gets it."""
        return str(self.to_value(drawn))


class Search(Protocol):
    """Suggests hyperparameters of the next training jobs, given the results of earlier ones."""

    def ask(self) -> tuple[Any, dict[str, str]] | None:
        """A ticket and the hyperparameters to try; None when nothing is left to try."""

    def tell(self, ticket: Any, value: float | None) -> None:
        """Report the objective of a ticket's job; None when it has none."""


def make(
    strategy: str, ranges: dict, minimize: bool, seed: int | None, known: list[tuple[dict[str, str], float]]
) -> Search:
    """The search for a Strategy and ParameterRanges. `known` are results of earlier tuning jobs to start from.

    Raises AWSError where the ranges are impossible.
    """
    if strategy == "Grid":
        return GridSearch(ranges)
    return OptunaSearch(strategy, ranges, minimize, seed, known)


class GridSearch:
    """All combinations of categorical ranges, each once."""

    def __init__(self, ranges: dict):
        categorical = _grid(ranges)
        self._names = [item["Name"] for item in categorical]
        self._combinations = itertools.product(*(item["Values"] for item in categorical))

    def ask(self) -> tuple[None, dict[str, str]] | None:
        values = next(self._combinations, None)
        return None if values is None else (None, dict(zip(self._names, values, strict=True)))

    def tell(self, ticket: None, value: float | None) -> None:
        """Ignore results: a grid search does not use them."""


def grid_size(ranges: dict) -> int:
    """Number of training jobs of a grid search. Raises AWSError unless all ranges are categorical."""
    return math.prod(len(item["Values"]) for item in _grid(ranges))


class OptunaSearch:
    """Random search, or Bayesian search by a tree-structured Parzen estimator.

    Jobs that run in parallel are spread out by counting those not yet ended as bad (a constant liar).
    """

    def __init__(
        self,
        strategy: str,
        ranges: dict,
        minimize: bool,
        seed: int | None,
        known: list[tuple[dict[str, str], float]],
    ):
        optuna = _optuna()
        if strategy == "Random":
            sampler = optuna.samplers.RandomSampler(seed=seed)
        else:
            sampler = optuna.samplers.TPESampler(
                seed=seed, multivariate=True, constant_liar=True, n_startup_trials=_STARTUP_JOBS
            )
        self._ranges = parse(ranges)
        self._study = optuna.create_study(sampler=sampler, direction="minimize" if minimize else "maximize")
        self._failed = optuna.trial.TrialState.FAIL
        for values, objective in known:
            self._learn(values, objective)

    def ask(self) -> tuple[Any, dict[str, str]]:
        trial = self._study.ask({item.name: item.distribution for item in self._ranges})
        return trial, {item.name: item.text(trial.params[item.name]) for item in self._ranges}

    def tell(self, ticket: Any, value: float | None) -> None:
        if value is None:
            self._study.tell(ticket, state=self._failed)
        else:
            self._study.tell(ticket, value)

    def _learn(self, values: dict[str, str], objective: float) -> None:
        """Use a result of an earlier tuning job, unless it is outside of the ranges of this one."""
        try:
            trial = _optuna().trial.create_trial(
                params={item.name: item.from_value(values[item.name]) for item in self._ranges},
                distributions={item.name: item.distribution for item in self._ranges},
                value=objective,
            )
        except (KeyError, ValueError):
            return
        self._study.add_trial(trial)


def parse(ranges: dict) -> list[Range]:
    """ParameterRanges as what optuna draws from. Raises AWSError where a range is impossible."""
    parsed = [_integer(item) for item in ranges.get("IntegerParameterRanges", [])]
    parsed += [_continuous(item) for item in ranges.get("ContinuousParameterRanges", [])]
    parsed += [_categorical(item) for item in ranges.get("CategoricalParameterRanges", [])]
    names = [item.name for item in parsed]
    if not names:
        raise AWSError("ValidationException", "ParameterRanges must have at least one range.")
    for name in names:
        if names.count(name) > 1:
            raise AWSError("ValidationException", f"Hyperparameter {name} has more than one range.")
    return parsed


def _integer(item: dict) -> Range:
    low, high = _bounds(item, int)
    distribution = _optuna().distributions.IntDistribution(low, high, log=_logarithmic(item, low, high))
    return Range(item["Name"], distribution, int, int)


def _continuous(item: dict) -> Range:
    low, high = _bounds(item, float)
    distributions = _optuna().distributions
    if item.get("ScalingType") == "ReverseLogarithmic":
        if not 0 <= low <= high < 1:
            raise AWSError(
                "ValidationException",
                f"ReverseLogarithmic scaling of {item['Name']} needs a range within 0 <= x < 1.",
            )
        mirrored = distributions.FloatDistribution(1 - high, 1 - low, log=True)
        return Range(item["Name"], mirrored, lambda drawn: 1 - drawn, lambda text: 1 - float(text))
    distribution = distributions.FloatDistribution(low, high, log=_logarithmic(item, low, high))
    return Range(item["Name"], distribution, float, float)


def _categorical(item: dict) -> Range:
    return Range(item["Name"], _optuna().distributions.CategoricalDistribution(item["Values"]), str, str)


def _bounds(item: dict, number: type) -> tuple[Any, Any]:
    try:
        low, high = number(item["MinValue"]), number(item["MaxValue"])
    except ValueError as error:
        raise AWSError("ValidationException", f"The range of {item['Name']} is invalid: {error}") from error
    if not low <= high or not math.isfinite(low) or not math.isfinite(high):
        raise AWSError(
            "ValidationException",
            f"The range of {item['Name']} is invalid: MinValue {low} must not exceed MaxValue {high}.",
        )
    return low, high


def _logarithmic(item: dict, low: float, high: float) -> bool:
    scaling = item.get("ScalingType", "Auto")
    if scaling == "ReverseLogarithmic":
        raise AWSError(
            "ValidationException",
            f"ReverseLogarithmic scaling of {item['Name']} is for continuous ranges only.",
        )
    if scaling == "Logarithmic" and low <= 0:
        raise AWSError("ValidationException", f"Logarithmic scaling of {item['Name']} needs a MinValue above 0.")
    return scaling == "Logarithmic" or (scaling == "Auto" and low > 0 and high / low >= _AUTO_LOGARITHMIC)


def _grid(ranges: dict) -> list[dict]:
    if ranges.get("IntegerParameterRanges") or ranges.get("ContinuousParameterRanges"):
        raise AWSError("ValidationException", "Grid search takes CategoricalParameterRanges only.")
    parse(ranges)
    return ranges["CategoricalParameterRanges"]


def _optuna() -> Any:
    # Imported when the first tuning job comes: it would double the time that the cloud takes to start.
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
