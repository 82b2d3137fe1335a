"""Loads a trained model and predicts prices."""

from __future__ import annotations

from pathlib import Path

from mlops.container.booster import Booster, BoosterError
from mlops.container.schema import load_schema
from mlops.contract import InputError, Rows

MODEL_FILE = "model.ubj"


class Predictor:
    """The booster and the features that it was trained with."""

    def __init__(self, directory: Path) -> None:
        """Load the files that `train` wrote to `directory`. Raises InputError when they are not a complete model."""
        self.features, self.target = load_schema(directory)
        try:
            self._booster = Booster(directory / MODEL_FILE)
        except BoosterError as error:
            raise InputError(f"no usable model in {directory}: {error}") from error
        described = sum(len(feature.columns) for feature in self.features)
        if self._booster.columns != described:
            raise InputError(
                f"no usable model in {directory}: {MODEL_FILE} takes {self._booster.columns} columns, "
                f"its features are described with {described}"
            )

    def predict(self, rows: Rows) -> list[float]:
        """Dollars for each row."""
        return self._booster.predict(rows)
