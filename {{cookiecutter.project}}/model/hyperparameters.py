"""Hyperparameters as SageMaker hands them over: a flat object of strings, here typed and checked.

The names are XGBoost's own, as in SageMaker's built-in XGBoost. What is not listed is refused by name: a typo must not
train silently with the default.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from model.container import InputError

# Given to every training job of a tuning job, by SageMaker itself.
TUNING_METRIC = "_tuning_objective_metric"


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
        value = self.type(text)
        if self.choices:
            if value not in self.choices:
                raise ValueError(text)
        elif math.isinf(value) or not self.minimum <= value <= self.maximum or value == self.above:
            raise ValueError(text)
        return value


HYPERPARAMETERS = {
    "objective": Hyperparameter(
        str, "reg:squarederror", choices=("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror")
    ),
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
OURS = ("num_round", "early_stopping_rounds", "checkpoint_rounds")
"""Acted on by `train`; everything else goes to XGBoost as it is."""


def parse_hyperparameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Every hyperparameter with its value. Raises InputError that names all that is wrong with `given`."""
    problems = []
    values = {name: parameter.default for name, parameter in HYPERPARAMETERS.items()}
    for name, text in given.items():
        if name == TUNING_METRIC:
            continue
        parameter = HYPERPARAMETERS.get(name)
        if parameter is None:
            problems.append(f"{name} is not known, allowed are {', '.join(HYPERPARAMETERS)}")
            continue
        try:
            values[name] = parameter.parse(str(text))
        except ValueError:
            problems.append(f"{name}: found {text!r}, allowed is {parameter.allowed}")
    if problems:
        raise InputError("hyperparameters: " + "; ".join(problems))
    return values
