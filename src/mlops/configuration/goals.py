"""Whether a metric in a training's log is to be minimized or maximized, by its name."""

from __future__ import annotations

import re
from typing import Literal

from mlops.metrics import METRICS

# Metrics that learners log in addition to those of the evaluation.
_ERRORS = ("mape", "smape", "wape", "rmsle", "msle", "medae", "mphe", "logloss", "mlogloss", "error", "merror", "loss")
_SCORES = ("aucpr",)
_GOALS: dict[str, Literal["Minimize", "Maximize"]] = {
    **{name: metric.goal for metrics in METRICS.values() for name, metric in metrics.items()},
    **dict.fromkeys(_ERRORS, "Minimize"),
    **dict.fromkeys(_SCORES, "Maximize"),
}


def of(metric: str) -> Literal["Minimize", "Maximize"] | None:
    """Minimize or Maximize by the last word of a metric's name, as in `validation:rmse`; None for an unknown metric."""
    return _GOALS.get(re.split(r"[:/-]", metric)[-1].lower())
