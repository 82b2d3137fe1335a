"""What the configuration must agree with in `model/`: its problem type, and the hyperparameters that training takes.

The hyperparameters of prebuilt images are not checked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from mlops import contract
from mlops.configuration.documents import Document
from mlops.configuration.tuningchecks import ranges
from mlops.contract import ProblemType
from mlops.errors import InputError, InputProblem

_HYPERPARAMETERS = "defines the hyperparameters that training takes"
_FEATURES = "defines the target and the features"


def problem_type() -> ProblemType:
    """The problem type of the target in model/features.py. Raises InputError when there is no usable target."""
    features = _module("model.features", _FEATURES)
    try:
        target = features.TARGET
    except AttributeError:
        raise InputError(f"model/features.py has no TARGET. It {_FEATURES}: docs/bring-your-own-model.md") from None
    return contract.problem_type(target)


def training_problems(document: Document) -> list[InputProblem]:
    """Check the hyperparameters and the number of instances."""
    if has_prebuilt_image(document.data):
        return []
    given = document.data.get("HyperParameters", {})
    problems = [
        document.problem(f"HyperParameters.{name}", given[name], allowed)
        for name, allowed in hyperparameter_problems(given).items()
    ]
    resources = document.data["ResourceConfig"]
    groups = resources.get("InstanceGroups", [])
    count = sum(group["InstanceCount"] for group in groups) if groups else resources["InstanceCount"]
    most = _module("model.hyperparameters", _HYPERPARAMETERS).MOST_INSTANCES
    if count > most:
        path = "ResourceConfig.InstanceGroups" if groups else "ResourceConfig.InstanceCount"
        problems.append(document.problem(path, count, f"at most {most} in all, as model/hyperparameters.py says"))
    return problems


def tuning_problems(tuning: Document, training_job: dict[str, Any]) -> list[InputProblem]:
    """Check that training takes every value of the ranges."""
    return [] if has_prebuilt_image(training_job) else list(_range_problems(tuning))


def hyperparameter_problems(given: Mapping[str, str]) -> dict[str, str]:
    """What is allowed, for each hyperparameter that training would refuse."""
    return _module("model.hyperparameters", _HYPERPARAMETERS).problems(given)


def has_prebuilt_image(training_job: dict[str, Any]) -> bool:
    return "TrainingImage" in training_job["AlgorithmSpecification"]


def _range_problems(tuning: Document) -> Iterator[InputProblem]:
    for path, entry in ranges(tuning.data["HyperParameterTuningJobConfig"]):
        name = entry["Name"]
        if "Values" in entry:
            tried = {f"{path}.Values[{index}]": value for index, value in enumerate(entry["Values"])}
        else:
            tried = {f"{path}.{key}": entry[key] for key in ("MinValue", "MaxValue")}
        wrong = {place: value for place, value in tried.items() if hyperparameter_problems({name: value})}
        for place, value in wrong.items():
            yield tuning.problem(place, value, hyperparameter_problems({name: value})[name])
        if not wrong and "Continuous" in path:
            low, high = float(entry["MinValue"]), float(entry["MaxValue"])
            between = repr(low + (high - low) / math.pi)
            if allowed := hyperparameter_problems({name: between}):
                yield tuning.problem(f"{path}.Name", name, f"IntegerParameterRanges for {allowed[name]}")


def _module(name: str, purpose: str) -> ModuleType:
    try:
        return import_module(name)
    except Exception as error:  # the team's own code may raise anything
        file = f"{name.replace('.', '/')}.py"
        raise InputError(f"{file} can't be imported: {type(error).__name__}: {error}. It {purpose}.") from error
