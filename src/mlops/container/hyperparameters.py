"""Toolkit for model/hyperparameters.py: a table of hyperparameters, which parses the strings that SageMaker passes.

configuration/trainingjob.json must have a value for each hyperparameter of the table. A name that is not in the table
is refused, so that a misspelt hyperparameter is not ignored.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops.container import arguments
from mlops.errors import InputError

# SageMaker adds this hyperparameter to every training job of a tuning job.
_TUNING_METRIC = "_tuning_objective_metric"
# Python's int and float also accept blanks, underscores and the digits of every script.
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Integer:
    """An integer; the bounds are inclusive."""

    minimum: int | None = None
    maximum: int | None = None

    def check(self, name: str) -> None:
        """Raises InputError for arguments of a wrong type."""
        arguments.bounds(name, self, "minimum", "maximum")

    @property
    def allowed(self) -> str:
        return _allowed("an integer", {"at least": self.minimum, "at most": self.maximum})

    def parse(self, text: str) -> int:
        """Raises ValueError."""
        if not _INTEGER.fullmatch(text):
            raise ValueError(text)
        value = int(text)
        if (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum):
            raise ValueError(text)
        return value


@dataclass(frozen=True)
class Real:
    """A number; `minimum` and `maximum` are inclusive, `above` and `below` are not."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def check(self, name: str) -> None:
        """Raises InputError for arguments of a wrong type."""
        arguments.bounds(name, self, "minimum", "maximum", "above", "below")

    @property
    def allowed(self) -> str:
        bounds = {"above": self.above, "at least": self.minimum, "at most": self.maximum, "below": self.below}
        return _allowed("a number", bounds)

    def parse(self, text: str) -> float:
        """Raises ValueError."""
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        within = (
            math.isfinite(value)
            and (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )
        if not within:
            raise ValueError(text)
        return value


@dataclass(frozen=True)
class Choice:
    """One of several texts."""

    values: tuple[str, ...]

    def check(self, name: str) -> None:
        """Raises InputError for arguments of a wrong type."""
        arguments.texts(name, "values", self.values)

    @property
    def allowed(self) -> str:
        return "one of " + ", ".join(self.values)

    def parse(self, text: str) -> str:
        """Raises ValueError."""
        if text not in self.values:
            raise ValueError(text)
        return text


class Hyperparameters:
    """A table of hyperparameters by name. `problems` implements `model.hyperparameters.problems` of the contract.

    Raises InputError with the name of a hyperparameter whose arguments have a wrong type.
    """

    def __init__(self, table: Mapping[str, Integer | Real | Choice]) -> None:
        for name, kind in table.items():
            if not isinstance(name, str):
                raise arguments.wrong("Hyperparameters", "name", name, "a text")
            if not isinstance(kind, Integer | Real | Choice):
                raise arguments.wrong("Hyperparameters", name, kind, "an Integer(…), a Real(…) or a Choice(…)")
            kind.check(name)
        self.table = dict(table)

    def problems(self, given: Mapping[str, str]) -> dict[str, str]:
        """The allowed values of each hyperparameter that has a wrong value, is unknown or is missing, by its name."""
        problems = {name: self._allowed(name) for name, text in given.items() if not self._takes(name, text)}
        return problems | {name: kind.allowed for name, kind in self.table.items() if name not in given}

    def parse(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every hyperparameter with its typed value. Raises InputError that names all problems."""
        texts = {name: str(value) for name, value in given.items() if name != _TUNING_METRIC}
        faults = []
        for name, allowed in self.problems(texts).items():
            if name not in self.table:
                faults.append(f"{name} is not known, allowed is {allowed}")
            elif name not in texts:
                faults.append(f"{name} is missing in configuration/trainingjob.json, allowed is {allowed}")
            else:
                faults.append(f"{name}: found {texts[name]!r}, allowed is {allowed}")
        if faults:
            raise InputError("hyperparameters: " + "; ".join(faults))
        return {name: kind.parse(texts[name]) for name, kind in self.table.items()}

    def _allowed(self, name: str) -> str:
        return self.table[name].allowed if name in self.table else f"one of {', '.join(self.table) or 'none'}"

    def _takes(self, name: str, text: str) -> bool:
        try:
            self.table[name].parse(text)
        except (KeyError, ValueError):
            return False
        return True


def _allowed(kind: str, bounds: Mapping[str, float | None]) -> str:
    return ", ".join([kind, *(f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None)])
