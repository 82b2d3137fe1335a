from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import xgboost
from mlops.container.dataset import DataSet, read
from mlops.container.programs.training import train
from mlops.contract import Container
from mlops.testing import training_job

from model.features import FEATURES, TARGET
from model.hyperparameters import problems

ROOT = Path(__file__).parents[2]


def rounds(output: str) -> list[int]:
    return [int(number) for number in re.findall(r"^\[(\d+)\] train", output, re.MULTILINE)]


def rows(dataset: Path, name: str) -> DataSet:
    return read([dataset / name / f"{name}.csv"], FEATURES, TARGET)


def booster(base: Path) -> xgboost.Booster:
    return xgboost.Booster(model_file=base / "model" / "model.ubj")


def test_the_sample_can_be_learned(trained: Path, dataset: Path) -> None:
    test = rows(dataset, "test")
    error = booster(trained).inplace_predict(test.features) - test.target
    assert np.sqrt(np.mean(error**2)) < 0.9 * test.target.std(), "hardly better than the mean of the target"


def test_metric_definitions_find_the_released_models_metrics_last(
    tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(Container(training_job(tmp_path, dataset, eta="0.3", num_round="100", early_stopping_rounds="2")))
    output = capsys.readouterr().out
    request = json.loads((ROOT / "configuration" / "trainingjob.json").read_text())
    for definition in request["AlgorithmSpecification"]["MetricDefinitions"]:
        values = [float(value) for value in re.findall(definition["Regex"], output)]
        assert len(values) == len(rounds(output)) + 1, definition["Name"]


@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_the_model_is_the_best_round_by_the_configured_metric(
    tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str], metric: str
) -> None:
    chosen = {"eval_metric": metric, "eta": "0.5", "num_round": "40", "early_stopping_rounds": "3"}
    train(Container(training_job(tmp_path, dataset, **chosen)))
    printed = [float(value) for value in re.findall(rf"validation:{metric}=([0-9.]+)", capsys.readouterr().out)]
    model, validation = booster(tmp_path), rows(dataset, "validation")
    error = model.inplace_predict(validation.features) - validation.target
    measured = np.sqrt(np.mean(error**2)) if metric == "rmse" else np.mean(np.abs(error))
    assert printed[-1] == min(printed) == printed[model.num_boosted_rounds() - 1]
    assert printed[-1] == pytest.approx(measured, rel=1e-4)


def test_the_same_seed_gives_the_same_model(tmp_path: Path, dataset: Path) -> None:
    for name in ("one", "two"):
        train(Container(training_job(tmp_path / name, dataset, num_round="5")))
    one, two = ((tmp_path / name / "model" / "model.ubj").read_bytes() for name in ("one", "two"))
    assert one == two


def test_a_training_that_continues_remembers_the_best_round(
    tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = {"eta": "1", "max_depth": "12", "num_round": "100", "early_stopping_rounds": "4", "checkpoint_rounds": "1"}
    base = training_job(tmp_path, dataset, **chosen)
    train(Container(base))
    last = rounds(capsys.readouterr().out)[-1]
    best = booster(base).num_boosted_rounds()
    # The checkpoint is of the round before the one that ended the training.
    train(Container(base))
    assert rounds(capsys.readouterr().out) == [last]
    assert booster(base).num_boosted_rounds() == best == last - 3


def test_tuned_hyperparameters_are_known_to_train() -> None:
    request = json.loads((ROOT / "configuration" / "trainingjob.json").read_text())
    tuning = json.loads((ROOT / "configuration" / "tuning.json").read_text())["HyperParameterTuningJobConfig"]
    tuned = {item["Name"] for ranges in tuning["ParameterRanges"].values() for item in ranges}
    assert problems(request["HyperParameters"]) == {}
    assert tuned <= request["HyperParameters"].keys()
