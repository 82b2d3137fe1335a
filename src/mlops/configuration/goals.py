"""In which direction the usual metrics get better, and which values they can have."""

from __future__ import annotations

import re

_ERRORS = {"rmse", "mae", "mse", "mape", "smape", "wape", "rmsle", "msle", "medae", "mphe", "logloss", "mlogloss"}
_ERRORS |= {"error", "merror", "loss"}
_SCORES = {"r2", "auc", "aucpr", "accuracy", "f1", "precision", "recall"}


def of(metric: str) -> str | None:
    """Minimize or Maximize by the last word of a metric's name, as in `validation:rmse`; None for another metric."""
    word = re.split(r"[:/-]", metric)[-1].lower()
    if word in _ERRORS:
        return "Minimize"
    return "Maximize" if word in _SCORES else None
