"""How good the predictions are that come out of the endpoint, measured on the whole test set."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlops.configuration import Evaluation
from mlops.qa.client import Client
from mlops.qa.result import Check
from mlops.qa.testset import TestSet

_ROWS_PER_BATCH = 500
# The evaluation job and the endpoint compute the same predictions; what differs is rounding.
_TOLERANCE = 1e-3


def measure(client: Client, rows: TestSet) -> dict[str, float]:
    """rmse, mae, r2 and the number of rows, by sending the test set in batches."""
    lines = rows.rows
    predicted: list[float] = []
    for start in range(0, len(lines), _ROWS_PER_BATCH):
        predicted += client.predict_csv(lines[start : start + _ROWS_PER_BATCH])
    return regression_metrics(rows.targets, predicted)


def regression_metrics(actual: Sequence[float], predicted: Sequence[float]) -> dict[str, float]:
    """rmse and mae in the target's unit, r2 (1 is perfect, 0 as good as the mean), and the number of rows.

    r2 is 0 where all actual values are the same, as in the evaluation job.
    """
    count = len(actual)
    errors = [one - other for one, other in zip(actual, predicted, strict=True)]
    mean = math.fsum(actual) / count
    squared = math.fsum(error * error for error in errors)
    spread = math.fsum((value - mean) ** 2 for value in actual)
    return {
        "rmse": math.sqrt(squared / count),
        "mae": math.fsum(map(abs, errors)) / count,
        "r2": 1 - squared / spread if spread else 0.0,
        "rows": count,
    }


def judge(measured: dict[str, float], evaluation: dict, gate: Evaluation) -> list[Check]:
    """The gate's bound holds for the endpoint too, and its accuracy is the one in evaluation.json."""
    checks = []
    metric, figure = gate.metric, measured.get(gate.metric)
    if figure is not None:
        passed = figure <= gate.bound if gate.goal == "Minimize" else figure >= gate.bound
        message = (
            f"{metric} on {measured['rows']:,} test rows through the endpoint was {figure:.4g}, "
            f"configuration/evaluation.yml allows {_limit(gate)}"
        )
        checks.append(Check(f"{metric} through the endpoint", passed, figure, gate.bound, metric, message))
    found = evaluation.get("regression_metrics", {}).get("rmse", {}).get("value")
    if found is not None:
        deviation = abs(measured["rmse"] - found) / max(1e-9, abs(found))
        message = (
            f"rmse through the endpoint was {measured['rmse']:.6g}, the evaluation job found {found:.6g}: "
            f"{deviation:.2g} of the value apart, allowed is {_TOLERANCE:g}"
        )
        passed = deviation <= _TOLERANCE
        checks.append(Check("accuracy as evaluated", passed, deviation, _TOLERANCE, "relative deviation", message))
    return checks


def _limit(gate: Evaluation) -> str:
    return f"{'at most' if gate.goal == 'Minimize' else 'at least'} {gate.bound:g}"
