"""The gate of the state machine: which state follows an evaluation, and the cause of a failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from statemachines import evaluate, machine

from mlops.metrics import GROUPS
from mlops.report import metrics as report_metrics


def judgement(release: dict[str, Any], evaluation: dict[str, Any]) -> tuple[str, str]:
    """The state after Judge for this metrics.json, and its cause."""
    states = machine("statemachine.asl.json")["States"]
    variables: dict[str, Any] = {"release": release}
    result = {"result": {"Body": json.dumps(evaluation)}}
    for state in ("ReadEvaluation", "Compare"):
        # A state's expressions see the variables from before the state.
        assigned = states[state]["Assign"].items()
        variables |= {name: evaluate(text, states=result, **variables) for name, text in assigned}
    judge = states["Judge"]
    following = next(
        (choice["Next"] for choice in judge["Choices"] if evaluate(choice["Condition"], **variables) is True),
        judge["Default"],
    )
    cause = states[following].get("Cause", "")
    return following, evaluate(cause, **variables) if cause else ""


def metric(name: str = "rmse", goal: str = "Minimize", bound: float = 6.0, allowed: float = 0.02) -> dict[str, Any]:
    return {"Name": name, "Goal": goal, "Bound": bound, "AllowedRegression": allowed}


def release(*metrics: dict[str, Any], production: bool = False, group: str = "regression_metrics") -> dict[str, Any]:
    gate = {"Group": group, "Metrics": list(metrics) or [metric()], "Production": production}
    return {"Gate": gate, "EvaluationResult": {"Bucket": "bucket", "Key": "metrics.json"}}


def evaluation(
    value: float | None = None,
    production: float | None = None,
    name: str = "rmse",
    group: str = "regression_metrics",
    **values: tuple[float | None, ...],
) -> dict[str, Any]:
    """A metrics.json with one metric, or with several as the model's value and production's."""
    values = values or {name: (value, production)}
    own = {name: {"value": pair[0], "standard_deviation": 0.1} for name, pair in values.items()}
    of_production = {name: {"value": pair[1]} for name, pair in values.items() if pair[1] is not None}
    evaluation: dict[str, Any] = {group: own, "rows": 10}
    return evaluation | ({"production": {group: of_production}} if of_production else {})


R2 = metric("r2", "Maximize", 0.8)
AUC, LOG_LOSS = metric("auc", "Maximize", 0.9, 0.01), metric("log_loss", "Minimize", 0.5, 0.1)
BINARY = "binary_classification_metrics"
GATES = [
    pytest.param(release(), evaluation(5.0), "RecordLineage", id="within-the-bound"),
    pytest.param(release(), evaluation(6.0), "RecordLineage", id="on-the-bound"),
    pytest.param(release(), evaluation(6.01), "ModelQualityBelowBound", id="over-the-bound"),
    pytest.param(release(R2), evaluation(0.9, name="r2"), "RecordLineage", id="r2-high-enough"),
    pytest.param(release(R2), evaluation(0.7, name="r2"), "ModelQualityBelowBound", id="r2-low"),
    pytest.param(release(R2 | {"Bound": -1}), evaluation(-0.5, name="r2"), "RecordLineage", id="negative-but-allowed"),
    pytest.param(release(production=True), evaluation(5.1, 5.0), "RecordLineage", id="allowed-regression"),
    pytest.param(release(production=True), evaluation(5.11, 5.0), "ModelWorseThanProduction", id="regression"),
    pytest.param(release(R2, production=True), evaluation(0.89, 0.9, "r2"), "RecordLineage", id="r2-may-sink-a-bit"),
    pytest.param(
        release(R2, production=True), evaluation(0.88, 0.9, "r2"), "ModelWorseThanProduction", id="r2-regression"
    ),
    pytest.param(release(production=False), evaluation(5.5, 1.0), "RecordLineage", id="no-production-no-comparison"),
    pytest.param(release(), evaluation(None), "EvaluationIncomplete", id="no-number"),
    pytest.param(release(), evaluation(True), "EvaluationIncomplete", id="not-a-number"),
    pytest.param(release(), {"rows": 0}, "EvaluationIncomplete", id="no-metrics"),
    pytest.param(release(metric("mae")), evaluation(1.0), "EvaluationIncomplete", id="another-metric"),
    pytest.param(release(group=BINARY), evaluation(1.0), "EvaluationIncomplete", id="another-group"),
    pytest.param(release(production=True), evaluation(5.0), "EvaluationIncomplete", id="production-not-measured"),
    pytest.param(
        release(production=True),
        evaluation(5.0) | {"production": {"reason": "the test set has no column distance"}},
        "EvaluationIncomplete",
        id="production-cannot-be-measured",
    ),
    pytest.param(
        release(AUC, LOG_LOSS, group=BINARY, production=True),
        evaluation(group=BINARY, auc=(0.95, 0.94), log_loss=(0.2, 0.3)),
        "RecordLineage",
        id="all-of-several-metrics-pass",
    ),
    pytest.param(
        release(AUC, LOG_LOSS, group=BINARY, production=True),
        evaluation(group=BINARY, auc=(0.95, 0.94), log_loss=(0.51, 0.6)),
        "ModelQualityBelowBound",
        id="one-of-several-is-over-its-bound",
    ),
    pytest.param(
        release(AUC, LOG_LOSS, group=BINARY, production=True),
        evaluation(group=BINARY, auc=(0.95, 0.94), log_loss=(0.25, 0.2)),
        "ModelWorseThanProduction",
        id="one-of-several-is-worse-than-production",
    ),
    pytest.param(
        release(AUC, LOG_LOSS, group=BINARY),
        evaluation(group=BINARY, auc=(0.95, None), log_loss=(None, None)),
        "EvaluationIncomplete",
        id="one-of-several-is-missing",
    ),
]


@pytest.mark.parametrize(("gate", "evaluation", "expected"), GATES)
def test_the_gate_decides_by_bound_and_regression_of_every_metric(gate, evaluation, expected):
    assert judgement(gate, evaluation)[0] == expected


@pytest.mark.parametrize(("gate", "evaluation", "expected"), GATES)
def test_the_report_judges_each_metric_as_the_gate_does(gate, evaluation, expected):
    problem = next(problem for problem, group in GROUPS.items() if group == gate["Gate"]["Group"])
    document = {"evaluation": evaluation | {"problem_type": problem}, "gate": gate["Gate"]}
    judged = [row for row in report_metrics.rows(document) if row.bound is not None]
    passed = len(judged) == len(gate["Gate"]["Metrics"]) and all(row.word == "passed" for row in judged)
    assert passed == (expected == "RecordLineage")


def test_the_cause_names_value_and_bound():
    _, cause = judgement(release(), evaluation(7.12345678))
    assert cause == "rmse is 7.123457, allowed is at most 6 (metrics.rmse.bound in configuration/evaluation.yml)"


def test_the_cause_has_the_reason_why_production_cannot_be_compared():
    reason = "the model in production predicts other labels: no, yes"
    _, cause = judgement(release(production=True), evaluation(5.0) | {"production": {"reason": reason}})
    assert cause == (
        f"s3://bucket/metrics.json has no number for rmse of the model in production ({reason}). To release without the "
        "comparison, set compare_with_production to false in configuration/evaluation.yml"
    )


def test_the_cause_names_the_value_of_production_and_the_allowed_regression():
    _, cause = judgement(release(production=True), evaluation(5.5, 5.0))
    assert cause == (
        "rmse is 5.5, the model in production has 5 on the same rows, allowed is a regression of 2 % "
        "(metrics.rmse.allowed_regression in configuration/evaluation.yml)"
    )


def test_the_cause_names_every_metric_that_failed_and_no_other():
    gate = release(AUC, LOG_LOSS, metric("f1", "Maximize", 0.5), metric("recall", "Maximize", 0), production=True)
    values = {"auc": (0.8, 0.95), "log_loss": (0.4, 0.3), "f1": (0.4, 0.4), "recall": (0.7, 0.7)}
    error, cause = judgement(gate, evaluation(**values))
    file = "in configuration/evaluation.yml)"
    assert error == "ModelQualityBelowBound"
    assert cause.split("; ") == [
        f"auc is 0.8, allowed is at least 0.9 (metrics.auc.bound {file}, and the model in production has 0.95 on the "
        f"same rows, allowed is a regression of 1 % (metrics.auc.allowed_regression {file}",
        "log_loss is 0.4, the model in production has 0.3 on the same rows, allowed is a regression of 10 % "
        f"(metrics.log_loss.allowed_regression {file}",
        f"f1 is 0.4, allowed is at least 0.5 (metrics.f1.bound {file}",
    ]


def test_the_cause_names_every_metric_that_the_evaluation_lacks():
    gate = release(AUC, LOG_LOSS, metric("f1", "Maximize"), production=True)
    _, cause = judgement(gate, evaluation(auc=(0.9, 0.9), log_loss=(0.4, None), f1=(None, None)))
    assert cause == ("s3://bucket/metrics.json has no number for log_loss of the model in production, f1")


def test_the_cause_has_enough_digits_to_distinguish_value_and_bound():
    _, cause = judgement(release(AUC), evaluation(0.899999, name="auc"))
    assert cause.startswith("auc is 0.899999, allowed is at least 0.9 ")
