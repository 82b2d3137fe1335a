"""Tries the contract (`mlops.contract`) on a repository: on its sample, with a short training, without a cloud."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mlops import configuration, metrics, prepared, target_bounds, team
from mlops.configuration import Configuration
from mlops.contract import Category, Container, DataError, Feature, Target, problem_type
from mlops.errors import InputError, MlopsError

# Rows of each set in the short training; a row of each further label is added.
_ROWS = 400
_ROWS_ALONE = 5
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Step:
    """The result for a part of the contract: what was found, or its fault; neither if an earlier fault prevents it."""

    name: str
    found: str = ""
    problem: str = ""


def run(root: Path) -> Iterator[Step]:
    """Try each part that can be tried. `model` and `data` of the repository at `root` must be importable."""
    with TemporaryDirectory(prefix="mlops-check-") as folder:
        repository = _Repository(root, Path(folder))
        parts: Sequence[tuple[str, Callable[[], str], set[str]]] = (
            ("features", repository.features, set()),
            ("hyperparameters", repository.hyperparameters, set()),
            ("configuration", repository.configuration, {"features", "hyperparameters"}),
            ("data", repository.data, {"features"}),
            ("training", repository.training, {"configuration", "data"}),
            ("prediction", repository.prediction, {"training"}),
            ("evaluation", repository.evaluation, {"prediction"}),
            ("baseline", repository.baseline, {"data"}),
        )
        good: set[str] = set()
        for name, part, needed in parts:
            if not needed <= good:
                yield Step(name)
                continue
            try:
                description = part()
            except MlopsError as error:
                yield Step(name, problem=str(error))
            except _NotTried as reason:
                yield Step(name, f"not tried: {reason}")
            else:
                good.add(name)
                yield Step(name, description)


class _NotTried(Exception):
    """A part cannot be tested, but no part has a fault; the message is the reason."""


class _Repository:
    """Each public method tests a part of the contract. It returns its findings, or raises InputError for a fault."""

    _target: Target
    _features: tuple[Feature, ...]
    _configuration: Configuration

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self._dataset, self._job = root, folder / "dataset", folder / "job"

    def features(self) -> str:
        self._target, self._features = team.features()
        count = f"{len(self._features)} feature" + ("s" if len(self._features) > 1 else "")
        return f"{problem_type(self._target)} of {self._target.name} from {count}"

    def hyperparameters(self) -> str:
        module = team.hyperparameters()
        if team.NO_HYPERPARAMETER not in team.hyperparameter_problems({team.NO_HYPERPARAMETER: "1"}):
            raise InputError(
                "model/hyperparameters.py: problems takes a hyperparameter of an unknown name; allowed is a mapping of "
                "each name that train would refuse to what is allowed"
            )
        return f"at most {module.MOST_INSTANCES} instance" + ("s" if module.MOST_INSTANCES > 1 else "")

    def configuration(self) -> str:
        self._configuration = configuration.load(self._root)
        return f"the gate checks {', '.join(self._configuration.evaluation.metrics)}"

    def data(self) -> str:
        dataset = prepared.prepare(None, self._dataset, _ignore)
        for _ in prepared.check(
            self._dataset, "data/__init__.py: prepare wrote what model/features.py does not allow:"
        ):
            pass
        missing = self._dataset.with_name("no-such-source.csv")
        try:
            prepared.prepare(str(missing), self._dataset.with_name("nothing"), _ignore)
        except DataError:
            return ", ".join(f"{count:,} {name}" for name, count in dataset["rows"].items())
        raise InputError(
            f"data/__init__.py: prepare took {missing.name}, which does not exist; allowed is to raise DataError"
        )

    def training(self) -> str:
        if self._configuration.image is not None:
            raise _NotTried("configuration/trainingjob.json names a prebuilt TrainingImage")
        for name in ("train", "validation"):
            self._shorten(name, self._job / "input" / "data" / name)
        settings = self._job / "input" / "config"
        settings.mkdir(parents=True)
        hyperparameters = self._configuration.training_job.get("HyperParameters", {})
        (settings / "hyperparameters.json").write_text(json.dumps(hyperparameters), encoding="utf-8")
        output = self._run("train")
        metrics = []
        definitions = self._configuration.training_job["AlgorithmSpecification"].get("MetricDefinitions", [])
        for number, definition in enumerate(definitions):
            values = re.findall(definition["Regex"], output)
            if not values:
                raise InputError(
                    f"configuration/trainingjob.json: AlgorithmSpecification.MetricDefinitions[{number}].Regex: found "
                    f"{definition['Regex']!r}, which matches no line that train printed; allowed is what it prints, such as "
                    f"{_last_line(output)!r}"
                )
            metrics.append(f"{definition['Name']}={values[-1]}")
        return ", ".join(metrics) or "no MetricDefinitions"

    def prediction(self) -> str:
        import numpy as np

        from mlops.container import dataset
        from mlops.container.programs.prediction import predict
        from mlops.container.rows import Rows

        predictor = team.predictor(self._job / "model")
        if (predictor.target, tuple(predictor.features)) != (self._target, self._features):
            raise InputError(
                "model/predictor.py: Predictor: features and target are not those of the training; allowed are those of "
                "mlops.container.schema.load_schema(directory)"
            )
        self._shorten("test", self._job / "processing" / "input" / "test")
        files = sorted((self._job / "processing" / "input" / "test").glob("*.csv"))
        rows = Rows.from_numpy(dataset.read(files, self._features, self._target).features)
        predicted = predict(predictor, rows)
        for row in range(min(_ROWS_ALONE, rows.count)):
            alone = predict(predictor, rows.part(row, row + 1))[0]
            if not np.allclose(alone, predicted[row], rtol=_TOLERANCE, atol=_TOLERANCE):
                raise InputError(
                    f"model/predictor.py: predict gives row {row + 1} of test {alone.tolist()} alone and "
                    f"{predicted[row].tolist()} among others; allowed is the same prediction"
                )
        nothing = Rows.from_numpy(np.full((1, rows.columns), np.nan, np.float32))
        try:
            predict(predictor, nothing)
        except InputError as error:
            raise InputError(f"{error} (a row of which all features are missing)") from error
        return f"{rows.count} rows of test"

    def evaluation(self) -> str:
        inputs = self._job / "processing" / "input"
        for name in ("model", "production"):
            (inputs / name).mkdir()
            with tarfile.open(inputs / name / "model.tar.gz", "w:gz") as packed:
                packed.add(self._job / "model", ".")
        self._run("evaluate")
        output = self._job / "processing" / "output" / "evaluation" / "evaluation.json"
        evaluation = json.loads(output.read_text(encoding="utf-8"))
        group = evaluation[metrics.GROUPS[problem_type(self._target)]]
        judged = self._configuration.evaluation.metrics
        values = ", ".join(f"{name} {group[name]['value']:.4g}" for name in judged)
        outside = target_bounds.sentence(evaluation)
        return f"{values} after the short training" + (f"; {outside}" if outside else "")

    def baseline(self) -> str:
        self._shorten("baseline", self._job / "processing" / "input" / "baseline")
        self._run("baseline")
        return f"{1 + len(self._features)} columns described"

    def _shorten(self, name: str, folder: Path) -> None:
        """Copy the first rows of a set, and the first row of each further label."""
        labels: set[str] = set()
        folder.mkdir(parents=True)
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target, lineterminator="\n")
            for number, file in enumerate(sorted((self._dataset / name).rglob("*.csv"))):
                with file.open(encoding="utf-8", newline="") as source:
                    reader = csv.reader(source)
                    header = next(reader)
                    if number == 0:
                        writer.writerow(header)
                    for position, row in enumerate(reader):
                        new = isinstance(self._target, Category) and row[0] not in labels
                        if new or (number == 0 and position < _ROWS):
                            labels.add(row[0])
                            writer.writerow(row)

    def _run(self, program: str) -> str:
        """Run a program of the container in this environment and return its output."""
        environment = os.environ | {"SAGEMAKER_BASE_DIR": str(self._job)}
        # The repository's root is on the path of the image as well.
        command = [sys.executable, "-m", "mlops.container", program]
        done = subprocess.run(command, cwd=self._root, env=environment, capture_output=True, text=True)
        if done.returncode:
            failure = Container(self._job).failure
            reason = failure.read_text(encoding="utf-8") if failure.exists() else _last_line(done.stderr)
            raise InputError(f"{_FILES[program]}: {program} failed: {reason}{team.location(done.stderr, self._root)}")
        return done.stdout


_FILES = {"train": "model/train.py", "evaluate": "model/predictor.py", "baseline": "model/features.py"}


def _ignore(message: str) -> None:
    pass


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]
