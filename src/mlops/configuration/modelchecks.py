"""Checks the configuration against `model/`: its problem type, and the hyperparameters that training accepts.

The hyperparameters of prebuilt images are not checked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlops import contract, shapes, team
from mlops.configuration.documents import Document
from mlops.configuration.tuningchecks import ranges
from mlops.contract import ProblemType
from mlops.errors import InputProblem


def problem_type() -> ProblemType:
    """The problem type of the target in model/features.py. InputError when the target is missing or invalid."""
    target, _ = team.features()
    return contract.problem_type(target)


def training_problems(document: Document) -> list[InputProblem]:
    """Check the hyperparameters and the number of instances."""
    if has_prebuilt_image(document.data):
        return []
    hyperparameters = document.data.get("HyperParameters", {})
    unknown = unknown_hyperparameters(hyperparameters)
    problems = [
        document.problem(f"HyperParameters.{name}", shapes.UNKNOWN, unknown[name])
        if name in unknown
        else document.problem(f"HyperParameters.{name}", hyperparameters.get(name, shapes.MISSING), allowed)
        for name, allowed in team.hyperparameter_problems(hyperparameters).items()
    ]
    resources = document.data["ResourceConfig"]
    groups = resources.get("InstanceGroups", [])
    count = sum(group["InstanceCount"] for group in groups) if groups else resources["InstanceCount"]
    most = team.hyperparameters().MOST_INSTANCES
    if count > most:
        path = "ResourceConfig.InstanceGroups" if groups else "ResourceConfig.InstanceCount"
        problems.append(
            document.problem(path, count, f"at most {most} in all (MOST_INSTANCES in model/hyperparameters.py)")
        )
    return problems


def tuning_problems(tuning: Document, training_job: dict[str, Any]) -> list[InputProblem]:
    """Check that training accepts every value of the ranges."""
    return [] if has_prebuilt_image(training_job) else list(_range_problems(tuning))


def hyperparameter_problems(values: Mapping[str, str]) -> dict[str, str]:
    """The allowed values of each given hyperparameter that training would refuse."""
    return {name: allowed for name, allowed in team.hyperparameter_problems(values).items() if name in values}


def unknown_hyperparameters(names: Iterable[str]) -> dict[str, str]:
    """The names that training does not know, each with those that it knows.

    By the contract an unknown name and a missing one are problems: those of a name that no hyperparameter has list the
    hyperparameters, and a name with the same problem is unknown too.
    """
    known = dict(team.hyperparameter_problems({team.NO_HYPERPARAMETER: "1"}))
    refusal = known.pop(team.NO_HYPERPARAMETER, None)
    return {
        name: f"a hyperparameter of model/hyperparameters.py: {shapes.closest(name, list(known)) or 'none'}"
        for name in names
        if name not in known and refusal is not None and hyperparameter_problems({name: "1"}).get(name) == refusal
    }


def has_prebuilt_image(training_job: dict[str, Any]) -> bool:
    return "TrainingImage" in training_job["AlgorithmSpecification"]


def _range_problems(tuning: Document) -> Iterator[InputProblem]:
    for path, entry in ranges(tuning.data["HyperParameterTuningJobConfig"]):
        name = entry["Name"]
        if unknown := unknown_hyperparameters([name]):
            yield tuning.problem(f"{path}.Name", name, unknown[name])
            continue
        if "Values" in entry:
            tried = {f"{path}.Values[{index}]": value for index, value in enumerate(entry["Values"])}
        else:
            tried = {f"{path}.{key}": entry[key] for key in ("MinValue", "MaxValue")}
        wrong = {key: value for key, value in tried.items() if hyperparameter_problems({name: value})}
        for key, value in wrong.items():
            yield tuning.problem(key, value, hyperparameter_problems({name: value})[name])
        if not wrong and "Continuous" in path:
            low, high = float(entry["MinValue"]), float(entry["MaxValue"])
            between = repr(low + (high - low) / math.pi)
            if allowed := hyperparameter_problems({name: between}):
                yield tuning.problem(f"{path}.Name", name, f"IntegerParameterRanges for {allowed[name]}")
