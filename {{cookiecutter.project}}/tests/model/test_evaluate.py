from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xgboost
from mlops.container import dataset as sets
from mlops.container.programs.evaluate import metrics

from model.features import FEATURES, TARGET


def test_the_sample_can_be_learned(trained: Path, dataset: Path) -> None:
    rows = sets.read([dataset / "test" / "test.csv"], (TARGET, *FEATURES))
    booster = xgboost.Booster(model_file=trained / "model" / "model.ubj")
    found = metrics(rows[0], booster.inplace_predict(rows[1:].T))
    assert found["rmse"]["value"] < 0.9 * rows[0].std(), "hardly better than the mean of the target"


def test_the_standard_deviations_are_those_of_repeated_test_sets() -> None:
    draw = np.random.default_rng(3)

    def one_test_set() -> tuple[np.ndarray, np.ndarray]:
        actual = draw.normal(20, 10, 500)
        return actual, actual + draw.normal(0, 4, 500)

    repeated = [metrics(*one_test_set()) for _ in range(100)]
    estimated = metrics(*one_test_set())
    for name in ("rmse", "mae", "r2"):
        spread = np.std([repetition[name]["value"] for repetition in repeated])
        assert estimated[name]["standard_deviation"] == pytest.approx(spread, rel=0.4)


def test_a_perfect_model_has_no_error_and_a_constant_target_no_r2() -> None:
    actual = np.array([1.0, 2.0, 4.0])
    assert metrics(actual, actual)["rmse"] == {"value": 0.0, "standard_deviation": 0.0}
    assert metrics(actual, actual)["r2"]["value"] == 1.0
    assert metrics(np.ones(3), np.ones(3) * 2)["r2"]["value"] == 0.0
