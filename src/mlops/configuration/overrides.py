"""Hyperparameters for one release, which override those of trainingjob.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops import shapes
from mlops.configuration import documents, modelchecks
from mlops.configuration.nodes import SURROGATE
from mlops.configuration.tuningchecks import tuned_hyperparameters
from mlops.errors import InputError, InputProblem

if TYPE_CHECKING:
    from mlops.configuration import Configuration


def parse(configuration: Configuration, text: str, *, tune: bool) -> dict[str, str]:
    """Read the overrides of a release from a JSON object, such as `{"max_depth": 8}`.

    Raises InputError as `check` does, and for text that is not a JSON object.
    """
    try:
        overrides = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong([_problem("", text, f"a JSON object ({error})")]) from error
    if not isinstance(overrides, dict):
        raise _wrong([_problem("", text, 'a JSON object, such as {"max_depth": 8}')])
    return check(configuration, overrides, tune=tune)


def check(configuration: Configuration, overrides: Mapping[str, Any], *, tune: bool) -> dict[str, str]:
    """Return the overrides as strings, the only type that SageMaker accepts.

    Raises InputError when trainingjob.json has no such hyperparameter, when training would refuse the value, and
    when the tuning of this release would choose the value.
    """
    known = list(configuration.training_job.get("HyperParameters", {}))
    tuned = tuned_hyperparameters(configuration.tuning) if tune else []
    problems = []
    for name, value in overrides.items():
        if name not in known:
            allowed = f"a hyperparameter of configuration/trainingjob.json: {shapes.closest(name, known)}"
            problems.append(_problem(name, value, allowed))
        elif name in tuned:
            allowed = "nothing, configuration/tuning.json searches for it; start without tuning to set it"
            problems.append(_problem(name, value, allowed))
        elif not isinstance(value, (str, int, float)):
            problems.append(_problem(name, value, "a string, a number, true or false"))
    if problems:
        raise _wrong(problems)
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in overrides.items()}
    if refused := _refused(configuration, texts):
        raise _wrong([_problem(name, overrides[name], allowed) for name, allowed in refused.items()])
    return texts


def _refused(configuration: Configuration, texts: dict[str, str]) -> dict[str, str]:
    """What is allowed, for each value that SageMaker or this repository's own training would refuse."""
    shape = shapes.input_shape("sagemaker", "CreateTrainingJob").members["HyperParameters"].value
    refused = {name: problem.allowed for name, text in texts.items() for problem in shapes.check(text, shape)}
    refused |= {name: "Unicode" for name, text in texts.items() if SURROGATE.search(text)}
    if modelchecks.has_prebuilt_image(configuration.training_job):
        return refused
    return refused | modelchecks.hyperparameter_problems(texts)


def _problem(name: str, value: object, allowed: str) -> InputProblem:
    return InputProblem("hyperparameters of this release", name, documents.shown(value), allowed)


def _wrong(problems: list[InputProblem]) -> InputError:
    return InputError("The release cannot start with these hyperparameters:", problems)
