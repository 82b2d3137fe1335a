from pathlib import Path

import numpy as np

from mlops.container.schema import load_schema
from mlops.contract import Rows


class Predictor:
    def __init__(self, directory: Path) -> None:
        self.features, self.target = load_schema(directory)
        with np.load(directory / "nested" / "means.npz") as content:
            self._means, self._spread, self._sharpness = content["means"], content["spread"], content["sharpness"]

    def predict(self, rows: Rows) -> np.ndarray:
        distance = (rows.to_numpy()[:, None, :] - self._means) / self._spread
        scores = np.exp(-self._sharpness * np.nan_to_num(distance**2).sum(axis=2))
        return scores / scores.sum(axis=1, keepdims=True)
