"""Calls a team's predictor and checks what it returns. Evaluation, QA and `mlops check` predict with it."""

from __future__ import annotations

import numpy as np

from mlops.container.rows import Rows
from mlops.contract import Category, Predictor
from mlops.errors import InputError

_ROWS_AT_ONCE = 50_000
# Probabilities are often float32, and a sum of a hundred of them loses digits.
_SUM_TOLERANCE = 1e-3


def predict(model: Predictor, rows: Rows) -> np.ndarray:
    """The predictions of all rows, one number per row, or rows × labels. Raises InputError for invalid predictions."""
    labels = model.target.values if isinstance(model.target, Category) else ()
    parts = []
    for start in range(0, rows.count, _ROWS_AT_ONCE):
        part = rows.part(start, start + _ROWS_AT_ONCE)
        try:
            predicted = np.asarray(model.predict(part), np.float64)
        except InputError:
            raise
        except Exception as error:  # the team's own code may raise anything
            raise InputError(f"model/predictor.py: predict failed: {type(error).__name__}: {error}") from error
        shape = (part.count, len(labels)) if labels else (part.count,)
        if predicted.shape != shape:
            each = f"{len(labels)} probabilities, in the order of the target's values" if labels else "one number"
            raise InputError(
                f"model/predictor.py: predict returned {_shape(predicted.shape)} for {part.count} rows; allowed is {each} for each row"
            )
        _check_values(predicted, bool(labels))
        parts.append(predicted)
    return np.concatenate(parts)


def _check_values(predicted: np.ndarray, probabilities: bool) -> None:
    wrong = ~np.isfinite(predicted)
    allowed = "finite numbers"
    if probabilities:
        wrong = wrong.any(axis=1) | (predicted < 0).any(axis=1) | (np.abs(predicted.sum(axis=1) - 1) > _SUM_TOLERANCE)
        allowed = "probabilities that add up to 1"
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"model/predictor.py: predict returned {predicted[row].tolist()} for row {row + 1}; allowed are {allowed}"
        )


def _shape(shape: tuple[int, ...]) -> str:
    return "one number" if not shape else " × ".join(map(str, shape)) + " numbers"
