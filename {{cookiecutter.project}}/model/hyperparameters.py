"""Hyperparameters as SageMaker hands them over: a flat object of strings, here typed and checked.

The names are XGBoost's own, as in SageMaker's built-in XGBoost. What is not listed is refused by name: a typo must not
train silently with the default. `mlops start` asks `problems` and `MOST_INSTANCES` before anything starts, so this
module imports nothing that takes time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops.errors import InputError

# Given to every training job of a tuning job, by SageMaker itself.
TUNING_METRIC = "_tuning_objective_metric"
# How many instances `train` can use together.
MOST_INSTANCES = 1
# Python's own int and float take blanks, underscores and the digits of every script.
_NUMBER = re.compile(r"[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Hyperparameter:
    """`type` converts the string; the bounds are inclusive, `above` is a lower bound that is not."""

    type: type
    default: Any
    minimum: float = 0
    maximum: float = math.inf
    above: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        if self.choices:
            return "one of " + ", ".join(self.choices)
        kind = "an integer" if self.type is int else "a number"
        lower = f"above {self.above:g}" if self.above is not None else f"at least {self.minimum:g}"
        return f"{kind}, {lower}" + ("" if math.isinf(self.maximum) else f", at most {self.maximum:g}")

    def parse(self, text: str) -> Any:
        """The typed value. Raises ValueError."""
        if self.choices:
            if text not in self.choices:
                raise ValueError(text)
            return text
        if not _NUMBER.fullmatch(text):
            raise ValueError(text)
        value = self.type(text)
        if math.isinf(value) or not self.minimum <= value <= self.maximum or value == self.above:
            raise ValueError(text)
        return value


HYPERPARAMETERS = {
    "objective": Hyperparameter(
        str, "reg:squarederror", choices=("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror")
    ),
    "eval_metric": Hyperparameter(str, "rmse", choices=("rmse", "mae")),  # on validation, picks the best round
    "num_round": Hyperparameter(int, 300, minimum=1, maximum=10_000),
    "early_stopping_rounds": Hyperparameter(int, 20, minimum=1),
    "checkpoint_rounds": Hyperparameter(int, 25, minimum=1),  # save after so many
    "max_depth": Hyperparameter(int, 6, minimum=1, maximum=20),
    "eta": Hyperparameter(float, 0.1, above=0, maximum=1),
    "gamma": Hyperparameter(float, 0.0),
    "min_child_weight": Hyperparameter(float, 1.0),
    "subsample": Hyperparameter(float, 0.8, above=0, maximum=1),
    "colsample_bytree": Hyperparameter(float, 0.8, above=0, maximum=1),
    "lambda": Hyperparameter(float, 1.0),
    "alpha": Hyperparameter(float, 0.0),
    "max_bin": Hyperparameter(int, 256, minimum=2, maximum=65_535),
    "seed": Hyperparameter(int, 42, maximum=2**31 - 1),
}
OURS = ("eval_metric", "num_round", "early_stopping_rounds", "checkpoint_rounds")
"""Acted on by `train`; everything else goes to XGBoost as it is."""


def problems(given: Mapping[str, str]) -> dict[str, str]:
    """What is allowed, for each of the given hyperparameters that is unknown or has a wrong value."""
    return {
        name: HYPERPARAMETERS[name].allowed if name in HYPERPARAMETERS else f"one of {', '.join(HYPERPARAMETERS)}"
        for name, text in given.items()
        if not _is_allowed(name, text)
    }


def _is_allowed(name: str, text: str) -> bool:
    try:
        HYPERPARAMETERS[name].parse(text)
    except (KeyError, ValueError):
        return False
    return True


def parse_hyperparameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Every hyperparameter with its value. Raises InputError that names all that is wrong with `given`."""
    texts = {name: str(value) for name, value in given.items() if name != TUNING_METRIC}
    if wrong := problems(texts):
        faults = [
            f"{name}: found {texts[name]!r}, allowed is {allowed}"
            if name in HYPERPARAMETERS
            else f"{name} is not known, allowed is {allowed}"
            for name, allowed in wrong.items()
        ]
        raise InputError("hyperparameters: " + "; ".join(faults))
    defaults = {name: parameter.default for name, parameter in HYPERPARAMETERS.items()}
    return defaults | {name: HYPERPARAMETERS[name].parse(text) for name, text in texts.items()}
