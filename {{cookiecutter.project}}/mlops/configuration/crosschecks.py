"""Checks between values, which no shape can express. They run on documents that are sound by themselves."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from mlops import images, shapes
from mlops.configuration.documents import Document
from mlops.configuration.models import Evaluation, Qa
from mlops.errors import InputProblem

_DEFAULT_MAX_RUNTIME_SECONDS = 86_400  # SageMaker's own, when StoppingCondition says nothing.
_KNOWN_GOALS = {"rmse": "Minimize", "mae": "Minimize", "r2": "Maximize"}
# Metrics of regression that an evaluation may come to write. They are no misspellings of those above.
_OTHER_METRICS = {"mape", "smape", "wape", "mse", "rmsle", "msle", "medae"}


def training_problems(document: Document) -> list[InputProblem]:
    """Check trainingjob.json in itself: instances, spot, image, metrics."""
    return [
        *_instance_problems(document),
        *_spot_problems(document),
        *_image_problems(document),
        *_metric_problems(document),
    ]


def evaluation_problems(document: Document, evaluation: Evaluation) -> list[InputProblem]:
    """Check that the gate looks in the direction in which the metric is better."""
    goal = _KNOWN_GOALS.get(evaluation.metric)
    if goal is None and evaluation.metric not in _OTHER_METRICS and get_close_matches(evaluation.metric, _KNOWN_GOALS):
        # The evaluation may write metrics of its own, so another name is not wrong by itself.
        allowed = shapes.closest(evaluation.metric, list(_KNOWN_GOALS))
        return [document.problem("metric", evaluation.metric, allowed)]
    if goal is not None and evaluation.goal != goal:
        return [document.problem("goal", evaluation.goal, f"{goal} for the metric {evaluation.metric}")]
    return []


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
        allowed = f"at most {most:g}, which is what {qa.users} users send who wait that long"
        problems.append(document.problem("minimum_throughput", qa.minimum_throughput, allowed))
    return problems


def _instance_problems(document: Document) -> list[InputProblem]:
    resources = document.data.get("ResourceConfig", {})
    if "InstanceGroups" in resources:
        return []
    return [
        document.problem(f"ResourceConfig.{key}", shapes.MISSING, "a value, it is required")
        for key in ("InstanceType", "InstanceCount", "VolumeSizeInGB")
        if key not in resources
    ]


def _spot_problems(document: Document) -> list[InputProblem]:
    stopping = document.data.get("StoppingCondition", {})
    runtime = stopping.get("MaxRuntimeInSeconds", _DEFAULT_MAX_RUNTIME_SECONDS)
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
        except re.error as error:
            problems.append(document.problem(f"{path}.Regex", definition["Regex"], f"a regular expression ({error})"))
        else:
            if groups != 1:
                allowed = "an expression with one group, the figure"
                problems.append(document.problem(f"{path}.Regex", definition["Regex"], allowed))
    return problems
