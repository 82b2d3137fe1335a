"""Imports the modules of a team's `model` and `data` by their names. `mlops.contract` defines their interface.

Every function raises InputError that names the file, the name in it and what is allowed.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from mlops.contract import (
    Category,
    Container,
    Feature,
    HyperparametersModule,
    InputError,
    Number,
    Predictor,
    Target,
    problem_type,
)

_HELP = "See docs/bring-your-own-model.md, then run: mlops check"
_REQUIREMENTS = {
    "model": "Packages that model/ imports are named in model/requirements.in, then: make lock && make setup",
    "data": "Packages that data/ imports are named in data/requirements.in, then: make lock && make setup",
}

NO_HYPERPARAMETER = "not a hyperparameter"
"""A name that `problems` of model/hyperparameters.py must refuse."""


def features() -> tuple[Target, tuple[Feature, ...]]:
    """`TARGET` and `FEATURES` of model/features.py."""
    file, kinds = "model/features.py", "Number or Category, of mlops.contract"
    target = _offered("model.features", "TARGET", f"a {kinds}")
    problem_type(target)
    listed = _offered("model.features", "FEATURES", f"a tuple of {kinds}")
    if not isinstance(listed, tuple | list) or not listed:
        raise InputError(f"{file}: FEATURES: found {_shown(listed)}; allowed is a tuple of at least one {kinds}")
    for position, feature in enumerate(listed):
        if not isinstance(feature, Number | Category):
            raise InputError(f"{file}: FEATURES[{position}]: found {_shown(feature)}; allowed is a {kinds}")
    names = [target.name, *(feature.name for feature in listed)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            f"{file}: found {', '.join(twice)} twice; allowed is a different name for TARGET and each feature"
        )
    for feature in (target, *listed):
        _check_names(file, feature)
    return target, tuple(listed)


def train() -> Callable[[Container], object]:
    """`train` of model/train.py."""
    return _function("model.train", "train", "a function train(container)")


def predictor(directory: Path) -> Predictor:
    """`Predictor` of model/predictor.py for the model in a directory."""
    definition = "a class Predictor(directory) with features, target and predict(rows)"
    kind: Any = _offered("model.predictor", "Predictor", definition)
    if not callable(kind) or not callable(getattr(kind, "predict", None)):
        raise InputError(f"model/predictor.py: Predictor: found {_shown(kind)}; allowed is {definition}. {_HELP}")
    try:
        instance: Any = kind(directory)
    except InputError:
        raise
    except Exception as error:  # the team's own code may raise anything
        raise InputError(f"no usable model in {directory}: {type(error).__name__}: {error}") from error
    for name in ("features", "target"):
        if not hasattr(instance, name):
            raise InputError(
                f"model/predictor.py: Predictor: no {name}; allowed are those of "
                "mlops.container.schema.load_schema(directory)"
            )
    problem_type(instance.target)
    return cast(Predictor, instance)


def hyperparameters() -> HyperparametersModule:
    """model/hyperparameters.py."""
    module = "model.hyperparameters"
    _function(module, "problems", "a function problems(given) that returns what is allowed")
    most = _offered(module, "MOST_INSTANCES", "the number of instances that train can use together")
    if not isinstance(most, int) or most < 1:
        raise InputError(
            f"model/hyperparameters.py: MOST_INSTANCES: found {_shown(most)}; allowed is an integer, at least 1"
        )
    return cast(HyperparametersModule, import_module(module))


def hyperparameter_problems(given: Mapping[str, str]) -> Mapping[str, str]:
    """What `problems` of model/hyperparameters.py returns. Raises InputError when it fails."""
    try:
        found = hyperparameters().problems(given)
    except InputError:
        raise
    except Exception as error:  # the team's own code may raise anything
        raise InputError(f"model/hyperparameters.py: problems failed: {type(error).__name__}: {error}") from error
    if not isinstance(found, Mapping):
        raise InputError(
            f"model/hyperparameters.py: problems returned {_shown(found)}; allowed is a mapping of each name that train "
            "would refuse to what is allowed"
        )
    return found


def prepare() -> Callable[..., Mapping[str, Any]]:
    """`prepare` of data/__init__.py."""
    return _function("data", "prepare", "a function prepare(source, out, on_progress)")


def location(error: BaseException | str, root: Path) -> str:
    """In brackets, the file and the line of the repository at `root` that a traceback names last; empty without one."""
    own = _own_lines(error, root)
    return f" ({own[-1][0]}, line {own[-1][1]})" if own else ""


def _own_lines(error: BaseException | str, root: Path) -> list[tuple[str, str]]:
    """The files and lines of the repository at `root` in a traceback."""
    text = error if isinstance(error, str) else "".join(traceback.format_exception(error))
    named = re.findall(r'File "([^"]+)", line (\d+)', text)
    return [
        (Path(file).relative_to(root).as_posix(), line)
        for file, line in named
        if Path(file).is_relative_to(root) and ".venv" not in file
    ]


def _function(module: str, name: str, definition: str) -> Callable[..., Any]:
    function = _offered(module, name, definition)
    if not callable(function):
        raise InputError(f"{_file(module)}: {name}: found {_shown(function)}; allowed is {definition}. {_HELP}")
    return cast(Callable[..., Any], function)


def _offered(module: str, name: str, definition: str) -> Any:
    try:
        imported = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            raise InputError(
                f"{_file(module)} can't be imported: it does not exist. It must define {name}, {definition}. {_HELP}"
            ) from error
        hint = _REQUIREMENTS[module.partition(".")[0]]
        raise InputError(f"{_file(module)} can't be imported: {error}. {hint}") from error
    except InputError as error:
        raise InputError(f"{_place(error, module)}: {error}. {_HELP}") from error
    except Exception as error:  # the team's own code may raise anything
        raise InputError(f"{_file(module)} can't be imported: {type(error).__name__}: {error}. {_HELP}") from error
    if not hasattr(imported, name):
        raise InputError(f"{_file(module)}: no {name}; it must define {name}, {definition}. {_HELP}")
    return getattr(imported, name)


def _place(error: InputError, module: str) -> str:
    """The file and the line of the declaration that refuses its arguments, while a module is imported."""
    file = _file(module)
    frames = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    for frame in frames:
        if frame.as_posix().endswith(f"/{file}") and (own := _own_lines(error, frame.parents[file.count("/")])):
            return ":".join(own[-1])
    return file


def _check_names(file: str, feature: Feature) -> None:
    """Raise InputError for text that a CSV without quotes cannot have, for repeated values, and for empty bounds."""
    for text in (feature.name, *(feature.values if isinstance(feature, Category) else ())):
        if not text or any(character in text for character in ',"\r\n'):
            raise InputError(
                f"{file}: {feature.name}: found {text!r}; allowed is text without comma, quote and line break"
            )
    if isinstance(feature, Category) and len(set(feature.values)) < max(1, len(feature.values)):
        raise InputError(f"{file}: {feature.name}: found a value twice, or none; allowed are different values")
    if isinstance(feature, Number) and not feature.interval[0] < feature.interval[1]:
        raise InputError(
            f"{file}: {feature.name}: found {feature.allowed}; allowed are bounds with numbers between them"
        )


def _file(module: str) -> str:
    return "data/__init__.py" if module == "data" else f"{module.replace('.', '/')}.py"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
