"""Loads and checks `configuration/`: everything that a person sets, before any call to AWS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from mlops import shapes
from mlops.configuration import (
    awsrequests,
    crosschecks,
    documents,
    endpointchecks,
    modelchecks,
    productionchecks,
    tuningchecks,
)
from mlops.configuration.documents import Document
from mlops.configuration.models import (
    Api,
    Endpoint,
    Evaluation,
    MetricGate,
    Monitoring,
    Production,
    Project,
    Qa,
    Serverless,
    Vpc,
)
from mlops.configuration.tuningchecks import tuned_hyperparameters
from mlops.contract import ProblemType
from mlops.errors import InputError, InputProblem
from mlops.names import Names

__all__ = [
    "Api",
    "Configuration",
    "Endpoint",
    "Evaluation",
    "MetricGate",
    "Monitoring",
    "Production",
    "Project",
    "Qa",
    "Serverless",
    "Vpc",
    "load",
    "load_project",
    "tuned_hyperparameters",
]

_File = TypeVar("_File", bound=BaseModel)
_PROJECT = "configuration/project.json"
_MODELS: dict[str, type[BaseModel]] = {
    _PROJECT: Project,
    "configuration/evaluation.yml": Evaluation,
    "configuration/test.yml": Endpoint,
    "configuration/production.yml": Production,
    "configuration/qa.yml": Qa,
    "configuration/monitoring.yml": Monitoring,
}
_ALLOWED = {
    "bool_type": "true or false",
    "float_type": "a number, such as 0.5",
    "int_type": "an integer, such as 3",
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "an object with keys",
    "model_type": "an object with keys",
}
"""By pydantic's type of an error."""
_TRAINING = "configuration/trainingjob.json"
_TUNING = "configuration/tuning.json"


@dataclass(frozen=True)
class Configuration:
    """What `configuration/` says. `training_job` and `tuning` are partial AWS requests, as in the files.

    `problem_type` follows from the target in model/features.py.
    """

    project: Project
    training_job: dict[str, Any]
    tuning: dict[str, Any]
    evaluation: Evaluation
    test: Endpoint
    production: Production
    qa: Qa
    monitoring: Monitoring
    problem_type: ProblemType

    @property
    def names(self) -> Names:
        return Names(self.project.project, self.project.model)

    @property
    def image(self) -> str | None:
        """The prebuilt image that trainingjob.json names, or None when the Dockerfile is built."""
        return self.training_job["AlgorithmSpecification"].get("TrainingImage")


def load(root: Path) -> Configuration:
    """Read and check every file of `root/configuration`.

    Raises InputError with all problems of all files at once.
    """
    problems: list[InputProblem] = []
    loaded: dict[str, Document] = {}
    for file in (*_MODELS, _TRAINING, _TUNING):
        document, own = documents.read(root, file)
        problems += own
        if document:
            loaded[file] = document
    own_files: dict[str, Any] = {
        file: _validated(loaded[file], model, problems) for file, model in _MODELS.items() if file in loaded
    }
    problems += _value_problems(loaded, own_files)
    if problems:
        raise _refusal(problems)
    project, evaluation, test, production, qa, monitoring = own_files.values()
    return Configuration(
        project,
        loaded[_TRAINING].data,
        loaded[_TUNING].data,
        evaluation,
        test,
        production,
        qa,
        monitoring,
        modelchecks.problem_type(),
    )


def load_project(root: Path) -> Project:
    """Read and check `root/configuration/project.json` alone: to look at a release, no more is needed.

    Raises InputError with all its problems.
    """
    document, problems = documents.read(root, _PROJECT)
    project = _validated(document, Project, problems) if document else None
    if project is None or problems:
        raise _refusal(problems)
    return project


def _refusal(problems: list[InputProblem]) -> InputError:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return InputError(f"configuration/ has {count}:", problems)


def _validated(document: Document, model: type[_File], problems: list[InputProblem]) -> _File | None:
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        problems += [_pydantic_problem(document, model, dict(detail)) for detail in error.errors()]
        return None


def _pydantic_problem(document: Document, model: type[BaseModel], detail: dict[str, Any]) -> InputProblem:
    *parents, last = detail["loc"]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"])[1:]
    if detail["type"] == "missing":
        return document.problem(path, shapes.MISSING, "a value, it is required")
    if detail["type"] == "extra_forbidden":
        allowed = shapes.closest(str(last), list(_section(model, parents).model_fields))
        return document.problem(path, shapes.UNKNOWN, allowed)
    field = _section(model, parents).model_fields.get(str(last))
    if field and field.description and detail["type"].startswith("string_"):
        return document.problem(path, detail["input"], field.description)
    allowed = detail["msg"].removeprefix("Input should be ").removeprefix("String should ")
    return document.problem(path, detail["input"], _ALLOWED.get(detail["type"], allowed))


def _section(model: type[BaseModel], parents: list[str]) -> type[BaseModel]:
    """The model of the part of a file below these keys."""
    keys = iter(parents)
    for key in keys:
        annotation = model.model_fields[str(key)].annotation
        if get_origin(annotation) is dict:
            next(keys)  # a name that the file gives
            annotation = get_args(annotation)[1]
        model = next(each for each in (annotation, *get_args(annotation)) if isinstance(each, type))
    return model


def _value_problems(loaded: dict[str, Document], own_files: dict[str, Any]) -> list[InputProblem]:
    """AWS's shapes first; then, in files that are sound by themselves, cross-field checks."""
    problems: list[InputProblem] = []
    training, tuning = loaded.get(_TRAINING), loaded.get(_TUNING)
    training_problems = awsrequests.training_problems(training) if training else []
    tuning_problems = awsrequests.tuning_problems(tuning) if tuning else []
    if training and not training_problems:
        training_problems = crosschecks.training_problems(training)
        training_problems = training_problems or modelchecks.training_problems(training)
        if tuning and not tuning_problems:
            tuning_problems = tuningchecks.problems(tuning, training.data)
            tuning_problems = tuning_problems or modelchecks.tuning_problems(tuning, training.data)
    problems += training_problems + tuning_problems
    checks: tuple[tuple[str, Callable[[Document, Any], list[InputProblem]]], ...] = (
        ("configuration/evaluation.yml", awsrequests.instance_problems),
        ("configuration/evaluation.yml", crosschecks.evaluation_problems),
        ("configuration/monitoring.yml", awsrequests.instance_problems),
        ("configuration/test.yml", endpointchecks.problems),
        ("configuration/test.yml", awsrequests.endpoint_problems),
        ("configuration/production.yml", endpointchecks.problems),
        ("configuration/production.yml", awsrequests.endpoint_problems),
        ("configuration/production.yml", awsrequests.batch_problems),
        ("configuration/production.yml", productionchecks.problems),
        ("configuration/qa.yml", crosschecks.qa_problems),
    )
    for file, check in checks:
        if model := own_files.get(file):
            problems += check(loaded[file], model)
    qa, test = (own_files.get(f"configuration/{file}.yml") for file in ("qa", "test"))
    if qa and test:
        problems += endpointchecks.load_problems(loaded["configuration/qa.yml"], qa, test)
    return problems
