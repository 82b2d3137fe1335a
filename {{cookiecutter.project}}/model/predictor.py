"""A released model as its users see it: rows in, predictions out."""

from __future__ import annotations

from pathlib import Path

from mlops.container.booster import Booster, BoosterError
from mlops.container.rows import parse_csv
from mlops.container.schema import load_schema
from mlops.contract import InputError, Rows

MODEL_FILE = "model.ubj"


class Predictor:
    """The booster and the features that it was trained with. Evaluation, QA and the server all predict with this."""

    def __init__(self, directory: Path) -> None:
        """Load what `train` left in `directory`. Raises InputError when it is not a complete model."""
        try:
            self.features, self.target = load_schema(directory)
            self.booster = Booster(directory / MODEL_FILE)
        except (OSError, ValueError, BoosterError) as error:
            raise InputError(f"no usable model in {directory}: {error}") from error
        described = sum(len(feature.columns) for feature in self.features)
        if self.booster.columns != described:
            raise InputError(
                f"no usable model in {directory}: {MODEL_FILE} takes {self.booster.columns} columns, "
                f"its features are described with {described}"
            )

    def predict_csv(self, text: str) -> list[float]:
        """Predictions for rows of CSV without a header, as in a request. Raises RowError."""
        return self.predict(parse_csv(text, self.features))

    def predict(self, rows: Rows) -> list[float]:
        """A price per row."""
        return self.booster.predict(rows)
