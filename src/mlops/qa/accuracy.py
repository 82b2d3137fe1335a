"""Measures an endpoint's predictions of the whole test set with the metrics of the evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops import metrics
from mlops.configuration import Evaluation
from mlops.contract import Category, ProblemType, Target, problem_type
from mlops.qa.client import Client
from mlops.qa.predictions import deviation
from mlops.qa.result import Check
from mlops.qa.testset import TestSet

_ROWS_PER_BATCH = 500
# The evaluation job and the endpoint predict with the same model on other machines, which differ in rounding.
_TOLERANCE = 1e-4


def measure(client: Client, rows: TestSet, target: Target) -> dict[str, float]:
    """The metrics of the target's problem type and the number of rows, by sending the test set in batches."""
    import numpy as np

    lines = rows.rows
    predicted: list[Any] = []
    for start in range(0, len(lines), _ROWS_PER_BATCH):
        batch = lines[start : start + _ROWS_PER_BATCH]
        predicted += (
            client.probabilities(batch, target.values) if isinstance(target, Category) else client.numbers(batch)
        )
    measured = metrics.compute(problem_type(target), np.array(rows.targets), np.array(predicted))
    return {**{name: float(value) for name, value in measured.items()}, "rows": len(lines)}


def judge(
    measured: Mapping[str, float], evaluation: Mapping[str, Any], gate: Evaluation, problem: ProblemType
) -> list[Check]:
    """Check the endpoint's metrics against the gate's bounds, and that they are equal to those of evaluation.json."""
    checks = [_within_bound(name, measured, gate, problem) for name in gate.metrics]
    group = evaluation.get(metrics.GROUPS[problem], {})
    evaluated = {name: group[name]["value"] for name in metrics.METRICS[problem] if name in group and name in measured}
    return [*checks, _as_evaluated(measured, evaluated)] if evaluated else checks


def _within_bound(name: str, measured: Mapping[str, float], gate: Evaluation, problem: ProblemType) -> Check:
    value, bound = measured[name], gate.metrics[name].bound
    lower_is_better = metrics.METRICS[problem][name].lower_is_better
    message = (
        f"{name} on {measured['rows']:,} test rows through the endpoint was {value:.4g}, configuration/evaluation.yml "
        f"allows {'at most' if lower_is_better else 'at least'} {bound:g}"
    )
    passed = value <= bound if lower_is_better else value >= bound
    return Check(f"{name} through the endpoint", passed, value, bound, name, message)


def _as_evaluated(measured: Mapping[str, float], evaluated: Mapping[str, float]) -> Check:
    deviations = {name: deviation(measured[name], value) for name, value in evaluated.items()}
    name = max(deviations, key=deviations.__getitem__)
    message = (
        f"{name} through the endpoint was {measured[name]:.6g}, the evaluation job found {evaluated[name]:.6g}: "
        f"{deviations[name]:.2g} of the value apart, allowed is {_TOLERANCE:g}"
    )
    passed = deviations[name] <= _TOLERANCE
    return Check("accuracy as evaluated", passed, deviations[name], _TOLERANCE, "relative deviation", message)
