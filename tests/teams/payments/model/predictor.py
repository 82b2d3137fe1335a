"""A released model: payments in, probabilities of their outcomes out."""

from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np
from mlops.container.schema import load_schema
from mlops.contract import InputError, Rows

MODEL_FILE = "model.txt"


class Predictor:
    def __init__(self, directory: Path) -> None:
        """Load what `train` left in `directory`. Raises InputError when it is no model of LightGBM."""
        self.features, self.target = load_schema(directory)
        try:
            self._booster = lightgbm.Booster(model_file=directory / MODEL_FILE)
        except lightgbm.basic.LightGBMError as error:
            raise InputError(f"no usable model in {directory}: {error}") from error

    def predict(self, rows: Rows) -> np.ndarray:
        """The probability of each outcome."""
        # One thread: the server runs a process per core, and LightGBM's threads would not survive its fork.
        probabilities = np.asarray(self._booster.predict(rows.to_numpy(), num_threads=1))
        if probabilities.ndim == 1:
            return np.column_stack([1 - probabilities, probabilities])
        return probabilities
