"""Checks between several values, which a shape cannot express. They run on documents whose single values are valid."""

from __future__ import annotations

import re
from typing import Any

from mlops import images, shapes
from mlops.configuration import modelchecks
from mlops.configuration.documents import Document
from mlops.configuration.models import Evaluation, Qa
from mlops.errors import InputProblem
from mlops.metrics import METRICS, Metric

DEFAULT_MAX_RUNTIME_SECONDS = 86_400
"""SageMaker's default for a StoppingCondition without MaxRuntimeInSeconds."""
_MOST_RUNTIME_SECONDS = 28 * 86_400
_MOST_VOLUME_GB = 16_384


def training_problems(document: Document) -> list[InputProblem]:
    """Check trainingjob.json in itself: instances, times, image, metrics."""
    return [
        *_instance_problems(document),
        *_time_problems(document),
        *_image_problems(document),
        *_metric_problems(document),
    ]


def evaluation_problems(document: Document, evaluation: Evaluation) -> list[InputProblem]:
    """Check that the problem type has the gate's metrics, and that a model can reach their bounds."""
    problem_type = modelchecks.problem_type()
    metrics = METRICS[problem_type]
    origin = f"the metrics of {problem_type}, which follows from TARGET in model/features.py"
    if not evaluation.metrics:
        return [document.problem("metrics", {}, f"at least one of {', '.join(metrics)}: {origin}")]
    problems = []
    for name, gate in evaluation.metrics.items():
        if name not in metrics:
            allowed = f"{shapes.closest(name, list(metrics))}: {origin}"
            problems.append(document.problem(f"metrics.{name}", shapes.UNKNOWN, allowed))
        elif allowed := _impossible(name, metrics[name], gate.bound):
            problems.append(document.problem(f"metrics.{name}.bound", gate.bound, allowed))
    return problems


def _impossible(name: str, metric: Metric, bound: float) -> str:
    """What is allowed, for a bound that the metric cannot reach or exceed; empty for any other bound."""
    if metric.minimum is not None and bound < metric.minimum:
        return f"at least {metric.minimum:g}, no {name} is less"
    if metric.maximum is not None and bound > metric.maximum:
        return f"at most {metric.maximum:g}, no {name} is more"
    return ""


def qa_problems(document: Document, qa: Qa) -> list[InputProblem]:
    """Check that the bounds do not contradict each other and that all users get to work."""
    problems = []
    if qa.p99_milliseconds < qa.p95_milliseconds:
        allowed = f"at least p95_milliseconds ({qa.p95_milliseconds:g})"
        problems.append(document.problem("p99_milliseconds", qa.p99_milliseconds, allowed))
    if qa.users / qa.spawn_rate > qa.duration_seconds / 2:
        allowed = f"at least {2 * qa.users / qa.duration_seconds:g}, so that all users work for half the time"
        problems.append(document.problem("spawn_rate", qa.spawn_rate, allowed))
    if qa.wait_milliseconds and qa.minimum_throughput > (most := 1000 * qa.users / qa.wait_milliseconds):
        allowed = f"at most {most:g}, the most that {qa.users} users send with this wait"
        problems.append(document.problem("minimum_throughput", qa.minimum_throughput, allowed))
    return problems


def _instance_problems(document: Document) -> list[InputProblem]:
    resources = document.data.get("ResourceConfig", {})
    groups = resources.get("InstanceGroups", [])
    required = ("VolumeSizeInGB",) if groups else ("InstanceType", "InstanceCount", "VolumeSizeInGB")
    counts = {f"InstanceGroups[{index}].InstanceCount": group["InstanceCount"] for index, group in enumerate(groups)}
    if not groups:
        counts["InstanceCount"] = resources.get("InstanceCount", 1)
    volume = resources.get("VolumeSizeInGB", 1)
    return [
        *(
            document.problem(f"ResourceConfig.{key}", shapes.MISSING, "a value, it is required")
            for key in required
            if key not in resources
        ),
        *(
            document.problem(f"ResourceConfig.{path}", count, "at least 1")
            for path, count in counts.items()
            if count < 1
        ),
        *(
            [document.problem("ResourceConfig.VolumeSizeInGB", volume, f"1 to {_MOST_VOLUME_GB}")]
            if not 1 <= volume <= _MOST_VOLUME_GB
            else []
        ),
    ]


def _time_problems(document: Document) -> list[InputProblem]:
    stopping = document.data.get("StoppingCondition", {})
    runtime = stopping.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_SECONDS)
    if runtime > _MOST_RUNTIME_SECONDS:
        allowed = f"at most {_MOST_RUNTIME_SECONDS}, which is 28 days"
        return [document.problem("StoppingCondition.MaxRuntimeInSeconds", runtime, allowed)]
    wait = stopping.get("MaxWaitTimeInSeconds")
    path = "StoppingCondition.MaxWaitTimeInSeconds"
    if not document.data.get("EnableManagedSpotTraining", False):
        if wait is None:
            return []
        return [document.problem(path, wait, "nothing, unless EnableManagedSpotTraining is true")]
    if wait is None or wait < runtime:
        allowed = f"at least MaxRuntimeInSeconds ({runtime}), for waiting and training on spot instances"
        return [document.problem(path, shapes.MISSING if wait is None else wait, allowed)]
    return []


def _image_problems(document: Document) -> list[InputProblem]:
    image = document.data.get("AlgorithmSpecification", {}).get("TrainingImage")
    if image is None or images.is_ecr_uri(image) or images.is_shorthand(image):
        return []
    allowed = (
        "an image in ECR, a shorthand such as xgboost:3.0-5, or no TrainingImage for the repository's own Dockerfile"
    )
    return [document.problem("AlgorithmSpecification.TrainingImage", image, allowed)]


def _metric_problems(document: Document) -> list[InputProblem]:
    problems = []
    seen: set[str] = set()
    definitions: list[dict[str, Any]] = document.data.get("AlgorithmSpecification", {}).get("MetricDefinitions", [])
    for index, definition in enumerate(definitions):
        path = f"AlgorithmSpecification.MetricDefinitions[{index}]"
        if definition["Name"] in seen:
            problems.append(document.problem(f"{path}.Name", definition["Name"], "a name that no other metric has"))
        seen.add(definition["Name"])
        try:
            groups = re.compile(definition["Regex"]).groups
        except (re.error, OverflowError, RecursionError) as error:
            problems.append(document.problem(f"{path}.Regex", definition["Regex"], f"a regular expression ({error})"))
        else:
            if groups != 1:
                allowed = "an expression with one group, which matches the metric's value"
                problems.append(document.problem(f"{path}.Regex", definition["Regex"], allowed))
    return problems
