"""`mlops check` on the example of docs/bring-your-own-model.md, and on copies with one fault each."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import yaml
from baking import bake
from recipes import write

from mlops import conformance

Edit = Callable[[Path], object]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's repository; tests that change it use a copy."""
    repository = bake(tmp_path_factory.mktemp("example"))
    write(repository, "docs/bring-your-own-model.md")
    return repository


def problems(repository: Path) -> str:
    """The problems that `mlops check` reports, from a forked process, which starts faster than a new interpreter."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_problems, args=(repository, sender))
    process.start()
    sender.close()
    reported = receiver.recv()
    process.join()
    return reported


def _send_problems(repository: Path, sender: Connection) -> None:
    os.chdir(repository)
    sys.path.insert(0, str(repository))
    for name in [name for name in sys.modules if name.partition(".")[0] in ("model", "data")]:
        del sys.modules[name]
    sender.send("\n".join(step.problem for step in conformance.run(repository) if step.problem))


def check(repository: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlops", "check"]
    return subprocess.run(command, cwd=repository, text=True, capture_output=True)


def replace(file: str, old: str, new: str) -> Edit:
    def edit(repository: Path) -> None:
        text = (repository / file).read_text()
        assert old in text
        (repository / file).write_text(text.replace(old, new))

    return edit


def change(file: str, update: Callable[[dict], object]) -> Edit:
    def edit(repository: Path) -> None:
        path = repository / "configuration" / file
        content = yaml.safe_load(path.read_text())
        update(content)
        path.write_text(json.dumps(content))

    return edit


def remove(file: str) -> Edit:
    return lambda repository: (repository / file).unlink()


@pytest.mark.acceptance
def test_each_part_of_a_repository_that_fulfils_the_contract_passes(example: Path) -> None:
    done = check(example)
    assert (done.returncode, done.stderr) == (0, "")
    parts = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert parts["features"] == "BinaryClassification of fails from 1 feature"
    assert parts["data"] == "2,800 train, 600 validation, 600 test, 2,800 baseline"
    assert parts["training"].startswith("train:log_loss=0.")
    assert "auc 0." in parts["evaluation"]
    assert "not tried" not in done.stdout
    assert not (example / ".mlops").exists()


FAULTS = [
    pytest.param(
        remove("model/predictor.py"),
        "model/predictor.py can't be imported: it does not exist. It must define Predictor, a class Predictor(directory)",
        id="no-predictor-file",
    ),
    pytest.param(
        replace("model/predictor.py", "class Predictor", "class Model"),
        "model/predictor.py: no Predictor; it must define Predictor, a class",
        id="no-predictor",
    ),
    pytest.param(
        replace("model/predictor.py", "def predict(", "def forecast("),
        "model/predictor.py: Predictor: found <class 'model.predictor.Predictor'>; allowed is a class Predictor(directory)",
        id="no-predict",
    ),
    pytest.param(
        replace("model/predictor.py", "import joblib", "import joblibs"),
        "model/predictor.py can't be imported: No module named 'joblibs'. Packages that model/ imports are named in",
        id="package-that-is-not-installed",
    ),
    pytest.param(
        replace("model/predictor.py", "model.joblib", "model.pickle"),
        "no usable model in",
        id="loads-another-file",
    ),
    pytest.param(
        replace("model/predictor.py", "rows.to_numpy())", "rows.to_numpy())[:, 1]"),
        "model/predictor.py: predict returned 400 numbers for 400 rows; allowed is 2 probabilities",
        id="one-probability",
    ),
    pytest.param(
        replace("model/predictor.py", "rows.to_numpy())", "rows.to_numpy())[1:]"),
        "model/predictor.py: predict returned 399 × 2 numbers for 400 rows",
        id="a-row-too-few",
    ),
    pytest.param(
        replace("model/predictor.py", "rows.to_numpy())", "rows.to_numpy()) * 2"),
        "for row 1; allowed are probabilities that add up to 1",
        id="no-probabilities",
    ),
    pytest.param(
        replace(
            "model/predictor.py",
            "return self._model.predict_proba(rows.to_numpy())",
            "import numpy\n        values = rows.to_numpy()\n"
            "        return self._model.predict_proba(values - values.mean() + numpy.float32(70))",
        ),
        "model/predictor.py: predict gives row 1 of test",
        id="a-prediction-that-depends-on-other-rows",
    ),
    pytest.param(
        replace("model/predictor.py", "self.features, self.target", "self.features, self._target"),
        "model/predictor.py: Predictor: no target; allowed are those of",
        id="predictor-without-target",
    ),
    pytest.param(
        replace("model/train.py", "SimpleImputer(), ", ""),
        "model/predictor.py: predict failed: ValueError: Input X contains NaN",
        id="cannot-predict-missing-values",
    ),
    pytest.param(
        replace("model/train.py", "joblib.dump", "repr"),
        "model/train.py: train failed: TypeError",
        id="train-raises",
    ),
    pytest.param(
        replace("model/train.py", 'joblib.dump(model, container.model / "model.joblib")', "model"),
        "model/train.py: train failed: model/train.py: train left no file",
        id="train-leaves-nothing",
    ),
    pytest.param(
        replace("model/train.py", "{name}:log_loss=", "{name}-log_loss="),
        "configuration/trainingjob.json: AlgorithmSpecification.MetricDefinitions[0].Regex: found",
        id="metric-that-is-not-printed",
    ),
    pytest.param(
        replace("model/features.py", 'Category("fails", ("no", "yes"))', '"fails"'),
        "model/features.py: TARGET: found str; allowed is a Number, or a Category of two values or more",
        id="target-of-unknown-type",
    ),
    pytest.param(
        replace("model/features.py", '("no", "yes")', '("yes",)'),
        "model/features.py: TARGET: found a Category of 1 values; allowed are two values or more",
        id="target-of-one-value",
    ),
    pytest.param(
        replace("model/features.py", 'Category("fails", ("no", "yes"))', 'Number("fails")'),
        'prepare wrote what model/features.py does not allow:\n  train/train.csv: row 1 (line 2), column fails: found "',
        id="number-instead-of-category",
    ),
    pytest.param(
        replace("model/features.py", 'FEATURES = (Number("temperature", minimum=-50, maximum=250),)', "FEATURES = ()"),
        "model/features.py: FEATURES: found (); allowed is a tuple of at least one Number or Category",
        id="no-features",
    ),
    pytest.param(
        replace("model/features.py", 'Number("temperature"', 'Number("fails"'),
        "model/features.py: found fails twice",
        id="target-among-the-features",
    ),
    pytest.param(
        replace("model/hyperparameters.py", "problems =", "faults ="),
        "model/hyperparameters.py: no problems; it must define problems, a function problems(given)",
        id="no-problems",
    ),
    pytest.param(
        replace("model/hyperparameters.py", "MOST_INSTANCES = 1", "MOST_INSTANCES = 0"),
        "model/hyperparameters.py: MOST_INSTANCES: found 0; allowed is an integer, at least 1",
        id="no-instances",
    ),
    pytest.param(
        replace("data/__init__.py", "def prepare", "def make"),
        "data/__init__.py: no prepare; it must define prepare, a function prepare(source, out, on_progress)",
        id="no-prepare",
    ),
    pytest.param(
        replace("data/__init__.py", "writerows([COLUMNS, *part])", "writerows([COLUMNS[::-1], *part])"),
        "train/train.csv: column 1: found temperature, allowed is fails: the target, then the features in their order",
        id="columns-in-another-order",
    ),
    pytest.param(
        replace("data/__init__.py", '"yes" if failed', '"maybe" if failed'),
        'column fails: found "maybe", allowed is one of no, yes',
        id="a-label-that-is-unknown",
    ),
    pytest.param(
        replace("data/__init__.py", 'sets["baseline"] = sets["train"][:10_000]', "pass"),
        "baseline/baseline.csv: No such file or directory; allowed is a CSV file of every set: train, validation, test",
        id="no-baseline",
    ),
    pytest.param(
        replace("data/__init__.py", "len(part) for name", "1 + len(part) for name"),
        "dataset.json: rows: found 2801 for train; allowed is the number of rows in its file, 2800",
        id="rows-counted-wrongly",
    ),
    pytest.param(
        replace("data/__init__.py", "(OSError, UnicodeDecodeError, csv.Error)", "KeyError"),
        "no-such-source.csv: FileNotFoundError: ",
        id="a-missing-source-raises-another-error",
    ),
    pytest.param(
        change("evaluation.yml", lambda file: file["metrics"].update(rmse=file["metrics"].pop("auc"))),
        "configuration/evaluation.yml:1: metrics.rmse: found",
        id="metric-of-another-problem",
    ),
    pytest.param(
        change("trainingjob.json", lambda file: file["HyperParameters"].update(C="-1")),
        'configuration/trainingjob.json:1: HyperParameters.C: found "-1"; allowed: a number, above 0',
        id="hyperparameter-out-of-range",
    ),
    pytest.param(
        change("trainingjob.json", lambda file: file["HyperParameters"].clear()),
        "HyperParameters.C: found",
        id="hyperparameter-missing",
    ),
]


@pytest.mark.acceptance
@pytest.mark.parametrize(("edit", "problem"), FAULTS)
def test_a_fault_is_named_with_its_file(example: Path, tmp_path: Path, edit: Edit, problem: str) -> None:
    repository = shutil.copytree(example, tmp_path / "repository")
    edit(repository)
    output = problems(repository)
    assert problem in output
    assert "Traceback" not in output


def test_independent_faults_are_reported_together(example: Path, tmp_path: Path) -> None:
    repository = shutil.copytree(example, tmp_path / "repository")
    replace("data/__init__.py", "def prepare", "def make")(repository)
    replace("model/hyperparameters.py", "problems =", "faults =")(repository)
    done = check(repository)
    assert done.returncode == 2
    assert "Wrong in this repository: hyperparameters, data\n" in done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines() if line.endswith(" wrong")] == [
        "hyperparameters",
        "data",
    ]


@pytest.mark.acceptance
def test_predictions_outside_the_bounds_of_a_regression_are_counted(example: Path, tmp_path: Path) -> None:
    repository = shutil.copytree(example, tmp_path / "repository")
    replace("model/features.py", 'Category("fails", ("no", "yes"))', 'Number("fails", minimum=0, maximum=1)')(
        repository
    )
    replace("data/__init__.py", '"yes" if failed else "no"', "1 if failed else 0")(repository)
    replace("model/predictor.py", "(rows.to_numpy())", "(rows.to_numpy())[:, 1] - 2")(repository)
    gate = {"rmse": {"bound": 9, "allowed_regression": 0.1}}
    change("evaluation.yml", lambda file: file.update(metrics=gate))(repository)
    done = check(repository)
    assert done.returncode == 0, done.stderr
    assert (
        "after the short training; 400 of 400 predictions are outside of what TARGET in model/features.py allows "
        "(at least 0, at most 1); the most extreme is -"
    ) in done.stdout


def test_a_prebuilt_image_is_not_tried(example: Path, tmp_path: Path) -> None:
    repository = shutil.copytree(example, tmp_path / "repository")
    image = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5"
    change("trainingjob.json", lambda file: file["AlgorithmSpecification"].update(TrainingImage=image))(repository)
    done = check(repository)
    assert done.returncode == 0, done.stderr
    assert "training         not tried: configuration/trainingjob.json names a prebuilt TrainingImage" in done.stdout
