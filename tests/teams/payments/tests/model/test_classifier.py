"""The classifier's log loss is lower than that of predicting the class shares, and it accepts missing values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mlops.container.dataset import read
from mlops.container.rows import Rows, encode_rows
from mlops.contract import InputError

from model.features import FEATURES, TARGET
from model.predictor import MODEL_FILE, Predictor


@pytest.fixture(scope="module")
def predictor(trained: Path) -> Predictor:
    return Predictor(trained / "model")


def test_log_loss_is_lower_than_that_of_predicting_the_class_shares(predictor: Predictor, dataset: Path) -> None:
    test = read([dataset / "test" / "test.csv"], FEATURES, TARGET)
    probabilities = predictor.predict(Rows.from_numpy(test.features))
    shares = np.bincount(test.target) / len(test.target)
    loss = -np.log(probabilities[np.arange(len(test.target)), test.target]).mean()
    assert loss < 0.95 * -np.sum(shares * np.log(shares))


def test_a_payment_of_which_nothing_is_known_has_probabilities(predictor: Predictor) -> None:
    [probabilities] = predictor.predict(encode_rows([[None] * len(FEATURES)], FEATURES))
    assert len(probabilities) == len(TARGET.values)
    assert probabilities.sum() == pytest.approx(1)


def test_a_damaged_model_is_refused(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "features.json").write_bytes((trained / "model" / "features.json").read_bytes())
    (tmp_path / MODEL_FILE).write_text("no trees")
    with pytest.raises(InputError, match="no usable model"):
        Predictor(tmp_path)
