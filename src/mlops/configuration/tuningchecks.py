"""Checks of tuning.json's limits and ranges, and of what it expects of trainingjob.json."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from mlops import shapes
from mlops.configuration import goals
from mlops.configuration.documents import Document
from mlops.errors import InputProblem

_CONFIG = "HyperParameterTuningJobConfig"
# SageMaker's spelling: Python's own int and float take blanks, underscores and the digits of every script.
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


def problems(tuning: Document, training_job: dict[str, Any]) -> list[InputProblem]:
    """Check tuning.json against itself and against the partial training job that its trials run."""
    config = tuning.data[_CONFIG]
    return [
        *_objective_problems(tuning, config, training_job),
        *_limit_problems(tuning, config),
        *_strategy_problems(tuning, config),
        *_range_problems(tuning, config),
        *_name_problems(tuning, config, training_job),
    ]


def tuned_hyperparameters(tuning: dict[str, Any]) -> list[str]:
    """Return the names of the hyperparameters over which tuning.json searches."""
    return [entry["Name"] for _, entry in ranges(tuning.get(_CONFIG, {}))]


def _objective_problems(
    tuning: Document, config: dict[str, Any], training_job: dict[str, Any]
) -> Iterator[InputProblem]:
    path = f"{_CONFIG}.HyperParameterTuningJobObjective"
    objective = config.get("HyperParameterTuningJobObjective")
    if objective is None:
        yield tuning.problem(path, shapes.MISSING, "a value, it is required")
        return
    definitions = training_job.get("AlgorithmSpecification", {}).get("MetricDefinitions", [])
    names = [definition["Name"] for definition in definitions]
    if objective["MetricName"] not in names:
        closest = shapes.closest(objective["MetricName"], names)
        allowed = f"a metric of trainingjob.json's MetricDefinitions: {closest}"
        yield tuning.problem(f"{path}.MetricName", objective["MetricName"], allowed)
    goal = goals.of(objective["MetricName"])
    if goal is not None and objective["Type"] != goal:
        yield tuning.problem(f"{path}.Type", objective["Type"], f"{goal} for the metric {objective['MetricName']}")


def _limit_problems(tuning: Document, config: dict[str, Any]) -> Iterator[InputProblem]:
    limits = config["ResourceLimits"]
    total, parallel = limits.get("MaxNumberOfTrainingJobs"), limits["MaxParallelTrainingJobs"]
    path = f"{_CONFIG}.ResourceLimits"
    if total is None and config["Strategy"] != "Grid":
        yield tuning.problem(f"{path}.MaxNumberOfTrainingJobs", shapes.MISSING, "a value, it is required")
    elif total is not None and parallel > total:
        allowed = f"at most MaxNumberOfTrainingJobs ({total})"
        yield tuning.problem(f"{path}.MaxParallelTrainingJobs", parallel, allowed)


def _strategy_problems(tuning: Document, config: dict[str, Any]) -> Iterator[InputProblem]:
    ranges = config.get("ParameterRanges", {})
    if config["Strategy"] == "Grid":
        for kind in ("IntegerParameterRanges", "ContinuousParameterRanges"):
            if ranges.get(kind):
                allowed = "only CategoricalParameterRanges with the strategy Grid"
                yield tuning.problem(f"{_CONFIG}.ParameterRanges.{kind}", ranges[kind], allowed)
    early_stopping = config.get("TrainingJobEarlyStoppingType", "Off")
    if config["Strategy"] == "Hyperband" and early_stopping != "Off":
        allowed = "Off, Hyperband stops trials by itself"
        yield tuning.problem(f"{_CONFIG}.TrainingJobEarlyStoppingType", early_stopping, allowed)


def _range_problems(tuning: Document, config: dict[str, Any]) -> Iterator[InputProblem]:
    for path, entry in ranges(config):
        if "Values" in entry:
            if len(set(entry["Values"])) < len(entry["Values"]):
                yield tuning.problem(f"{path}.Values", entry["Values"], "each value once")
            continue
        spelling, kind = (_INTEGER, "an integer") if "Integer" in path else (_NUMBER, "a number")
        bounds = {}
        for key in ("MinValue", "MaxValue"):
            bounds[key] = float(entry[key]) if spelling.fullmatch(entry[key]) else math.nan
            if not math.isfinite(bounds[key]):
                yield tuning.problem(f"{path}.{key}", entry[key], f"{kind} as a string")
        low, high = bounds["MinValue"], bounds["MaxValue"]
        if low >= high:
            yield tuning.problem(f"{path}.MaxValue", entry["MaxValue"], f"more than MinValue ({entry['MinValue']})")
        scaling = entry.get("ScalingType", "Auto")
        if scaling == "Logarithmic" and low <= 0:
            yield tuning.problem(f"{path}.MinValue", entry["MinValue"], "more than 0 with the scaling Logarithmic")
        if scaling == "ReverseLogarithmic" and (low < 0 or high >= 1):
            allowed = "a range in 0 <= x < 1 with the scaling ReverseLogarithmic"
            yield tuning.problem(f"{path}.ScalingType", scaling, allowed)


def _name_problems(tuning: Document, config: dict[str, Any], training_job: dict[str, Any]) -> Iterator[InputProblem]:
    static = list(training_job.get("HyperParameters", {}))
    seen: set[str] = set()
    entries = list(ranges(config))
    if not entries:
        yield tuning.problem(f"{_CONFIG}.ParameterRanges", shapes.MISSING, "at least one range to search")
    for path, entry in entries:
        name = entry["Name"]
        if name in seen:
            yield tuning.problem(f"{path}.Name", name, "one range for each hyperparameter")
        elif name not in static:
            # A run without tuning needs a value, and a misspelt name would tune nothing.
            allowed = f"a hyperparameter of trainingjob.json: {shapes.closest(name, static)}"
            yield tuning.problem(f"{path}.Name", name, allowed)
        seen.add(name)


def ranges(config: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every range of a HyperParameterTuningJobConfig with its path."""
    for kind in ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges"):
        for index, entry in enumerate(config.get("ParameterRanges", {}).get(kind, [])):
            yield f"{_CONFIG}.ParameterRanges.{kind}[{index}]", entry
