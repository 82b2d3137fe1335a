from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import xgboost
from mlops.container import dataset as sets
from mlops.container.directories import Container
from mlops.container.programs.training import train
from mlops.errors import InputError
from mlops.testing import training_job

from model.features import FEATURES, TARGET
from model.hyperparameters import HYPERPARAMETERS, parse_hyperparameters

ROOT = Path(__file__).parents[2]


def rounds(output: str) -> list[int]:
    return [int(number) for number in re.findall(r"^\[(\d+)\] train", output, re.MULTILINE)]


def test_metric_definitions_find_the_released_models_metrics_last(
    tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(Container(training_job(tmp_path, dataset, eta="0.3", early_stopping_rounds="2")))
    output = capsys.readouterr().out
    request = json.loads((ROOT / "configuration" / "trainingjob.json").read_text())
    for definition in request["AlgorithmSpecification"]["MetricDefinitions"]:
        values = [float(value) for value in re.findall(definition["Regex"], output)]
        assert len(values) == len(rounds(output)) + 1, definition["Name"]
    validation = [float(value) for value in re.findall(r"validation:rmse=([0-9.]+)", output)]
    assert validation[-1] == min(validation)


def test_the_model_is_the_best_round_and_predicts_as_reported(
    tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(Container(training_job(tmp_path, dataset, eta="0.3", early_stopping_rounds="2")))
    reported = float(re.findall(r"validation:rmse=([0-9.]+)", capsys.readouterr().out)[-1])
    values = sets.read([dataset / "validation" / "validation.csv"], (TARGET, *FEATURES))
    booster = xgboost.Booster(model_file=tmp_path / "model" / "model.ubj")
    error = booster.inplace_predict(values[1:].T) - values[0]
    assert np.sqrt(np.mean(error**2)) == pytest.approx(reported, rel=1e-4)
    assert booster.num_boosted_rounds() < HYPERPARAMETERS["num_round"].default


def test_the_best_round_is_the_best_by_the_metric_that_is_asked_for(
    tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for metric in ("rmse", "mae"):
        train(Container(training_job(tmp_path / metric, dataset, eta="0.5", num_round="30", eval_metric=metric)))
        values = [float(value) for value in re.findall(rf"validation:{metric}=([0-9.]+)", capsys.readouterr().out)]
        booster = xgboost.Booster(model_file=tmp_path / metric / "model" / "model.ubj")
        assert values[-1] == min(values) == values[booster.num_boosted_rounds() - 1]


def test_the_same_seed_gives_the_same_model(tmp_path: Path, dataset: Path) -> None:
    for name in ("one", "two"):
        train(Container(training_job(tmp_path / name, dataset, num_round="5")))
    one, two = ((tmp_path / name / "model" / "model.ubj").read_bytes() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"max_dept": "5"}, "max_dept is not known, allowed is one of objective, "),
        ({"max_depth": "deep"}, "max_depth: found 'deep', allowed is an integer, at least 1, at most 20"),
        ({"max_depth": "5.5"}, "max_depth: found '5.5'"),
        ({"eta": "0"}, "eta: found '0', allowed is a number, above 0, at most 1"),
        ({"gamma": "inf"}, "gamma: found 'inf'"),
        ({"lambda": "nan"}, "lambda: found 'nan'"),
        ({"objective": "binary:logistic"}, "objective: found 'binary:logistic', allowed is one of reg:squarederror"),
    ],
)
def test_hyperparameters_that_are_unknown_or_out_of_range_are_refused_by_name(
    given: dict[str, str], complaint: str
) -> None:
    with pytest.raises(InputError, match=re.escape(complaint)):
        parse_hyperparameters(given)


def test_all_that_is_wrong_with_hyperparameters_is_said_at_once() -> None:
    with pytest.raises(InputError, match=r"max_dept is not known.*; eta: found '2'"):
        parse_hyperparameters({"max_dept": "5", "eta": "2"})


def test_hyperparameters_are_typed_and_the_tuning_jobs_own_is_no_stranger() -> None:
    values = parse_hyperparameters({"max_depth": "7", "eta": "0.25", "_tuning_objective_metric": "validation:rmse"})
    assert (values["max_depth"], values["eta"]) == (7, 0.25)
    assert values.keys() == HYPERPARAMETERS.keys()


def test_the_shipped_configuration_names_only_hyperparameters_that_train_knows() -> None:
    request = json.loads((ROOT / "configuration" / "trainingjob.json").read_text())
    tuning = json.loads((ROOT / "configuration" / "tuning.json").read_text())["HyperParameterTuningJobConfig"]
    tuned = {item["Name"] for ranges in tuning["ParameterRanges"].values() for item in ranges}
    parse_hyperparameters(request["HyperParameters"])
    assert tuned <= HYPERPARAMETERS.keys()
