"""Metrics are scikit-learn's, and their standard deviations those of repeated test sets."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from mlops import metrics
from mlops.contract import ProblemType
from mlops.errors import InputError

BINARY, MULTICLASS = ProblemType.BINARY_CLASSIFICATION, ProblemType.MULTICLASS_CLASSIFICATION
LABELS = ["cat", "dog", "eel", "fox"]


def classified(rows: int, labels: int, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Positions of labels, and probabilities that are often right and often tied."""
    draw = np.random.default_rng(seed)
    actual = draw.integers(0, labels, rows)
    scores = draw.random((rows, labels)) + 0.4 * np.eye(labels)[actual]
    scores = np.round(scores, 1) + 0.01
    return actual, scores / scores.sum(axis=1, keepdims=True)


def test_every_metric_of_every_problem_is_computed_within_its_range() -> None:
    actual, probabilities = classified(500, 2)
    several, distribution = classified(500, 4)
    computed = {
        ProblemType.REGRESSION: metrics.compute(ProblemType.REGRESSION, np.arange(9.0), np.arange(9.0) + 1),
        BINARY: metrics.compute(BINARY, actual, probabilities),
        MULTICLASS: metrics.compute(MULTICLASS, several, distribution),
    }
    for problem, values in computed.items():
        assert values.keys() == metrics.METRICS[problem].keys()
        for name, metric in metrics.METRICS[problem].items():
            assert metric.minimum is None or metric.minimum <= values[name]
            assert metric.maximum is None or values[name] <= metric.maximum


def test_regression_metrics_are_scikit_learns() -> None:
    draw = np.random.default_rng(1)
    actual = draw.normal(1e6, 3, 400)
    predicted = actual + draw.normal(0, 1, 400)
    computed = metrics.compute(ProblemType.REGRESSION, actual, predicted)
    assert computed == pytest.approx(
        {
            "rmse": sk.root_mean_squared_error(actual, predicted),
            "mae": sk.mean_absolute_error(actual, predicted),
            "mse": sk.mean_squared_error(actual, predicted),
            "r2": sk.r2_score(actual, predicted),
        }
    )


def test_binary_metrics_are_scikit_learns() -> None:
    actual, probabilities = classified(400, 2)
    positive, predicted = probabilities[:, 1], probabilities.argmax(axis=1)
    assert metrics.compute(BINARY, actual, probabilities) == pytest.approx(
        {
            "accuracy": sk.accuracy_score(actual, predicted),
            "precision": sk.precision_score(actual, predicted),
            "recall": sk.recall_score(actual, predicted),
            "f1": sk.f1_score(actual, predicted),
            "auc": sk.roc_auc_score(actual, positive),
            "average_precision": sk.average_precision_score(actual, positive),
            "log_loss": sk.log_loss(actual, probabilities),
            "brier_score": sk.brier_score_loss(actual, positive),
        }
    )


def test_multiclass_metrics_are_scikit_learns_also_when_a_label_does_not_occur() -> None:
    actual, probabilities = classified(400, 4)
    actual[actual == 3] = 1
    predicted = probabilities.argmax(axis=1)
    average = {"average": "weighted", "zero_division": 0}
    assert metrics.compute(MULTICLASS, actual, probabilities) == pytest.approx(
        {
            "accuracy": sk.accuracy_score(actual, predicted),
            "balanced_accuracy": sk.recall_score(actual, predicted, labels=[0, 1, 2], average="macro"),
            "weighted_precision": sk.precision_score(actual, predicted, **average),
            "weighted_recall": sk.recall_score(actual, predicted, **average),
            "weighted_f1": sk.f1_score(actual, predicted, **average),
            "macro_f1": sk.f1_score(actual, predicted, average="macro"),
            "log_loss": sk.log_loss(actual, probabilities, labels=[0, 1, 2, 3]),
        }
    )


def test_a_model_that_never_predicts_the_positive_label_has_no_precision() -> None:
    computed = metrics.compute(BINARY, np.array([0, 1, 1]), np.array([[0.9, 0.1]] * 3))
    assert (computed["precision"], computed["recall"], computed["f1"], computed["auc"]) == (0, 0, 0, 0.5)


def test_a_test_set_of_one_label_cannot_judge_a_binary_classifier() -> None:
    with pytest.raises(InputError, match="rows of 1 label; allowed are rows of both"):
        metrics.compute(BINARY, np.zeros(3, int), np.full((3, 2), 0.5))


def test_a_perfect_model_has_no_error_and_a_constant_target_no_r2() -> None:
    actual = np.array([1.0, 2.0, 4.0])
    described = metrics.describe(ProblemType.REGRESSION, actual, actual)
    assert described["rmse"] == {"value": 0.0, "standard_deviation": 0.0}
    assert described["r2"]["value"] == 1.0
    assert metrics.compute(ProblemType.REGRESSION, np.ones(3), np.ones(3) * 2)["r2"] == 0.0


def test_standard_deviations_of_regression_are_those_of_repeated_test_sets() -> None:
    draw = np.random.default_rng(3)

    def one_test_set() -> tuple[np.ndarray, np.ndarray]:
        actual = draw.normal(20, 10, 500)
        return actual, actual + draw.normal(0, 4, 500)

    repeated = [metrics.compute(ProblemType.REGRESSION, *one_test_set()) for _ in range(100)]
    estimated = metrics.describe(ProblemType.REGRESSION, *one_test_set())
    for name, metric in estimated.items():
        spread = np.std([repetition[name] for repetition in repeated])
        assert metric["standard_deviation"] == pytest.approx(spread, rel=0.4), name


@pytest.mark.parametrize(("problem", "labels"), [(BINARY, 2), (MULTICLASS, 4)])
def test_standard_deviations_of_classification_are_those_of_repeated_test_sets(
    problem: ProblemType, labels: int
) -> None:
    repeated = [metrics.compute(problem, *classified(500, labels, seed)) for seed in range(100)]
    estimated = metrics.describe(problem, *classified(500, labels, seed=1000))
    for name, metric in estimated.items():
        spread = np.std([repetition[name] for repetition in repeated])
        assert metric["standard_deviation"] == pytest.approx(spread, rel=0.4), name


def test_the_confusion_matrix_counts_every_row_by_its_labels() -> None:
    actual, probabilities = classified(200, 4)
    matrix = metrics.confusion_matrix(actual, probabilities, LABELS)
    expected = sk.confusion_matrix(actual, probabilities.argmax(axis=1)).tolist()
    assert [[row[label] for label in LABELS] for row in (matrix[label] for label in LABELS)] == expected


def test_the_curves_of_a_binary_classifier_are_points_of_scikit_learns() -> None:
    actual, probabilities = classified(300, 2)
    curves = metrics.curves(BINARY, actual, probabilities, ["no", "yes"])
    operating = curves["receiver_operating_characteristic_curves"]["yes"]
    false_rates, true_rates, _ = sk.roc_curve(actual, probabilities[:, 1], drop_intermediate=False)
    assert set(zip(*operating.values(), strict=True)) <= set(zip(false_rates, true_rates, strict=True))
    precision = curves["precision_recall_curves"]["yes"]
    precisions, recalls, _ = sk.precision_recall_curve(actual, probabilities[:, 1])
    assert set(zip(*precision.values(), strict=True)) <= set(zip(precisions, recalls, strict=True))


def test_a_curve_of_many_rows_keeps_its_ends_and_its_area() -> None:
    draw = np.random.default_rng(2)
    actual = draw.integers(0, 2, 20_000)
    positive = np.clip(0.5 + (actual - 0.5) * 0.4 + draw.normal(0, 0.2, len(actual)), 0, 1)
    probabilities = np.column_stack([1 - positive, positive])
    curve = metrics.curves(BINARY, actual, probabilities, ["no", "yes"])
    x, y = curve["receiver_operating_characteristic_curves"]["yes"].values()
    assert len(x) <= 101
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(y, x) == pytest.approx(sk.roc_auc_score(actual, positive), abs=0.002)


def test_curves_of_many_labels_are_those_of_the_ten_most_frequent() -> None:
    actual, probabilities = classified(3000, 12)
    actual[:40] = 7
    labels = [f"label {number}" for number in range(12)]
    for curves in metrics.curves(MULTICLASS, actual, probabilities, labels).values():
        assert len(curves) == 10
        assert "label 7" in curves


def test_calibration_compares_probabilities_with_observed_shares() -> None:
    positive = np.repeat([0.15, 0.85, 1.0], [100, 200, 50])
    actual = np.concatenate([np.arange(100) < 10, np.arange(200) < 160, np.ones(50)]).astype(int)
    calibration = metrics.calibration(BINARY, actual, np.column_stack([1 - positive, positive]))
    assert calibration["rows"] == [100, 200, 50]
    assert calibration["predicted"] == pytest.approx([0.15, 0.85, 1.0])
    assert calibration["observed"] == pytest.approx([0.1, 0.8, 1.0])


def test_calibration_of_several_labels_is_that_of_the_predicted_label() -> None:
    probabilities = np.array([[0.62, 0.2, 0.18], [0.2, 0.62, 0.18]])
    calibration = metrics.calibration(MULTICLASS, np.array([0, 0]), probabilities)
    assert (calibration["observed"], calibration["rows"]) == ([0.5], [2])
