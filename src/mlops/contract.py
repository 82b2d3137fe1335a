"""The contract between this package and a team's code: what `model/` and `data/` offer, and what they import.

`model/` and `data/` lie at the repository's root, which is on Python's path. Their modules are imported by name:

| module | offers |
|---|---|
| `model.features` | `TARGET`, `FEATURES` |
| `model.train` | `train(container)` |
| `model.predictor` | `Predictor(directory)` |
| `model.hyperparameters` | `problems(given)`, `MOST_INSTANCES` |
| `data` | `prepare(source, out, on_progress)` |

In return they import from this module, and the toolkit that `mlops.container` lists. `mlops check` tries the contract
on a repository. Importing this module is cheap: it needs the standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from mlops.container.directories import Container
from mlops.container.kinds import Category, Feature, Number, RowError, Target
from mlops.container.rows import Rows
from mlops.errors import InputError

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "Category",
    "Container",
    "DataError",
    "DataModule",
    "Feature",
    "FeaturesModule",
    "HyperparametersModule",
    "InputError",
    "Number",
    "Predictions",
    "Predictor",
    "ProblemType",
    "RowError",
    "Rows",
    "Target",
    "TrainModule",
    "problem_type",
]

Predictions: TypeAlias = "Sequence[float] | Sequence[Sequence[float]] | np.ndarray"
"""Regression: a number per row. Classification: per row a probability for each of the target's values, in their order."""


class ProblemType(StrEnum):
    """What a model predicts, in SageMaker's words. It follows from the target: see `problem_type`."""

    REGRESSION = "Regression"
    BINARY_CLASSIFICATION = "BinaryClassification"
    MULTICLASS_CLASSIFICATION = "MulticlassClassification"

    @property
    def is_classification(self) -> bool:
        return self is not ProblemType.REGRESSION


def problem_type(target: Target) -> ProblemType:
    """A `Number` is a regression; a `Category` of two values a binary classification, of more a multiclass one.

    Of two values, the second is the positive one. Raises InputError for any other target.
    """
    if isinstance(target, Number):
        return ProblemType.REGRESSION
    if not isinstance(target, Category):
        raise InputError(
            f"model/features.py: TARGET: found {type(target).__name__}; allowed is a Number, or a Category of two values or more"
        )
    if len(target.values) < 2:
        raise InputError(
            f"model/features.py: TARGET: found a Category of {len(target.values)} values; allowed are two values or more"
        )
    return ProblemType.BINARY_CLASSIFICATION if len(target.values) == 2 else ProblemType.MULTICLASS_CLASSIFICATION


class FeaturesModule(Protocol):
    """`model/features.py`: what the model predicts, and from what. Imported everywhere, so it must import quickly."""

    TARGET: Target
    """Its kind decides the problem type. Its bounds, like those of features, are what a row may contain."""

    FEATURES: Sequence[Feature]
    """In the order of the columns of a request; names are unique, and none is the target's."""


class TrainModule(Protocol):
    """`model/train.py`."""

    def train(self, container: Container) -> None:
        """Learn from `container.channel("train")` and `container.channel("validation")`, CSV files with a header.

        Leaves the model's files in `container.model`, which exists; this package adds features.json. Prints a
        line with each metric, in the form that MetricDefinitions of configuration/trainingjob.json look for.
        `container.configuration("hyperparameters")` has the hyperparameters as strings. What was left in
        `container.checkpoints` by an interrupted run of the same training is there again. SIGTERM announces that the
        process is killed in 120 seconds: a model that is complete by then is kept.

        Raises InputError for faults that a person can correct: its message becomes the job's FailureReason.
        """


class Predictor(Protocol):
    """`Predictor` of `model/predictor.py`: a trained model, which evaluation, QA and every worker of the server call.

    The server loads it once and forks: it must start no threads and keep no file or socket open. One thread calls it.
    """

    features: Sequence[Feature]
    """The features that this model was trained with: `mlops.container.schema.load_schema(directory)`."""

    target: Target
    """The target that this model predicts, from `load_schema` too."""

    def __init__(self, directory: Path) -> None:
        """Load the files that `train` wrote, and features.json. Raises InputError when they are not a usable model."""

    def predict(self, rows: Rows) -> Predictions:
        """One prediction for each of `rows.count` rows, at least one, in their order.

        Regression: a number, in the target's unit. Classification: the probability of each of the target's values, in
        their order; they add up to 1. A sequence or a numpy array, of finite numbers. `rows` must not be kept.
        """


class HyperparametersModule(Protocol):
    """`model/hyperparameters.py`, imported by `mlops start` before anything runs, so it must import quickly."""

    MOST_INSTANCES: int
    """How many instances `train` can use together."""

    def problems(self, given: Mapping[str, str]) -> Mapping[str, str]:
        """The problems of these hyperparameters: for each name with a problem, what is allowed.

        Wrong values, unknown names and missing names are problems; without any, `train` accepts the hyperparameters.
        """


class DataModule(Protocol):
    """`data/__init__.py`: it need not be installed in the image."""

    def prepare(self, source: str | Path | None, out: Path, on_progress: Callable[[str], object]) -> Mapping[str, Any]:
        """Write a data set below `out` and return the content of its dataset.json.

        `source` is the argument of `mlops data prepare`, None for a sample that every machine can make, which tests and
        pull requests use. A file per set: train/train.csv, validation/validation.csv, test/test.csv, baseline/baseline.csv,
        in UTF-8 with a header, the target first, then the features in their order; an empty cell is a missing value, which
        the target never is. `baseline` is a part of `train` that monitoring compares requests with. dataset.json has
        `source` (a text), `synthetic` (whether the data are made up), `rows` (a number per set) and `dropped` (a number per
        reason). Values that the features do not allow, and sets without rows, are refused before a release starts.

        The same source gives the same files. `on_progress` is called with one sentence per step. Raises DataError when
        the source is not usable.
        """


class DataError(InputError):
    """The source is not usable; the message is for people: what was found, what is allowed."""
