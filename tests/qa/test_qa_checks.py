"""The checks of QA, on a correct endpoint and on faulty ones."""

import json
import math

import pytest
from endpoint import LABELS, OUTCOME, broken, classified_answer, classifier, probabilities, sum_model

from mlops.configuration import Evaluation, MetricGate
from mlops.contract import Number, ProblemType
from mlops.errors import InputError, PipelineError
from mlops.qa import accuracy, checks
from mlops.qa.golden import Golden
from mlops.qa.testset import parse

TOTAL = Number("total_amount")


def gate(**bounds: float) -> Evaluation:
    """evaluation.yml with these bounds by metric."""
    metrics = {name: MetricGate(bound=bound, allowed_regression=0.02) for name, bound in bounds.items()}
    return Evaluation(instance_type="ml.m5.large", metrics=metrics)


def classes(rows, shift: float = 0.0) -> list[dict]:
    """The classifier's predictions for rows, with the probability of the label moved by `shift`."""
    sums = (sum(map(float, cells)) for cells in rows.cells)
    both = [probabilities(each) for each in sums]
    return [{"label": LABELS[pair.index(max(pair))], "probability": max(pair) + shift} for pair in both]


def test_an_endpoint_that_predicts_like_the_released_model_passes(serve, rows):
    client, _ = serve(sum_model)
    check = checks.golden_rows(client, Golden(rows.rows, rows.targets))
    assert check.passed
    assert check.value == 0.0


def test_an_endpoint_with_another_model_fails(serve, rows):
    client, _ = serve(lambda kind, body, accept: (200, "\n".join("7" for _ in body.splitlines())))
    check = checks.golden_rows(client, Golden(rows.rows, rows.targets))
    assert not check.passed
    assert "row '100,1,2.5': the endpoint returned 7, not 103.5" in check.message


def test_a_prediction_that_is_no_number_fails(serve, rows):
    client, _ = serve(lambda kind, body, accept: (200, "\n".join("nan" for _ in body.splitlines())))
    assert not checks.golden_rows(client, Golden(rows.rows, rows.targets)).passed


def test_a_response_with_too_few_predictions_is_an_error(serve, rows):
    client, _ = serve(lambda kind, body, accept: (200, "1.0"))
    with pytest.raises(PipelineError, match="1 predictions for 100 rows"):
        client.predict_csv(rows.rows)


def test_csv_and_json_that_disagree_fail(serve, rows):
    def by_format(content_type, body, accept):
        status, answer = sum_model(content_type, body, accept)
        if content_type == "application/json":
            answer = json.dumps({"predictions": [value + 1 for value in json.loads(answer)["predictions"]]})
        return status, answer

    client, _ = serve(by_format)
    assert not checks.formats_agree(client, rows).passed


def test_csv_and_json_that_agree_pass(serve, rows):
    client, _ = serve(sum_model)
    assert checks.formats_agree(client, rows).passed


def test_bad_rows_are_refused_with_their_status(serve, rows):
    client, _ = serve(sum_model)
    found = checks.bad_rows(client, rows)
    assert [check.value for check in found] == [400, 400, 400, 400, 415]
    assert all(check.passed for check in found)


def test_an_endpoint_that_accepts_every_row_fails_each_check_of_a_refusal(serve, rows):
    client, _ = serve(lambda kind, body, accept: (200, "1.0"))
    found = checks.bad_rows(client, rows)
    assert not any(check.passed for check in found)
    assert "text in duration_minutes was answered with 200, must be 400" in found[2].message


def test_a_server_error_is_not_a_refusal(serve, rows):
    client, _ = serve(broken)
    found = checks.bad_rows(client, rows)
    assert not any(check.passed for check in found)
    assert "division by zero" in found[0].message


def test_missing_values_are_sent_as_empty_cells_and_as_null(rows):
    sparse = type(rows)(rows.columns, (("", "1", "North"),), (1.0,))
    assert sparse.rows == [",1,North"]
    assert sparse.values() == [[None, 1, "North"]]


def test_accuracy_is_measured_over_every_row_of_the_test_set(serve, rows):
    requests_of_two_batches = type(rows)(rows.columns, rows.cells * 6, rows.targets * 6)
    client, requests = serve(sum_model)
    measured = accuracy.measure(client, requests_of_two_batches, TOTAL)
    assert measured == {"rmse": 0, "mae": 0, "mse": 0, "r2": 1, "rows": 600}
    assert len(requests) == 2


def test_an_accuracy_past_the_gate_fails_with_value_and_bound():
    measured = {"rmse": 7.25, "mae": 3.0, "r2": 0.5, "rows": 1000}
    (check,) = accuracy.judge(measured, {}, gate(rmse=6.0), ProblemType.REGRESSION)
    assert not check.passed
    assert check.message == (
        "rmse on 1,000 test rows through the endpoint was 7.25, configuration/evaluation.yml allows at most 6"
    )


def test_every_metric_of_the_gate_is_judged_by_its_own_goal():
    measured = {"rmse": 5.0, "mae": 3.0, "r2": 0.5, "rows": 1000}
    found = accuracy.judge(measured, {}, gate(rmse=6.0, r2=0.6), ProblemType.REGRESSION)
    assert [(check.name, check.passed) for check in found] == [
        ("rmse through the endpoint", True),
        ("r2 through the endpoint", False),
    ]
    assert "allows at least 0.6" in found[1].message


def test_an_accuracy_other_than_the_evaluated_one_fails():
    measured = {"rmse": 4.0, "mae": 3.0, "r2": 0.5, "rows": 1000}
    evaluation = {"regression_metrics": {"rmse": {"value": 3.9}, "mae": {"value": 3.0}}}
    bound, same = accuracy.judge(measured, evaluation, gate(rmse=6.0), ProblemType.REGRESSION)
    assert bound.passed
    assert not same.passed
    assert "rmse through the endpoint was 4, the evaluation job found 3.9" in same.message


def test_an_endpoint_that_classifies_like_the_released_model_passes(serve, classified):
    client, _ = serve(classifier)
    check = checks.golden_rows(client, Golden(classified.rows, classes(classified)))
    assert check.passed, check.message
    assert check.unit == "probability"
    assert checks.formats_agree(client, classified).passed
    assert all(each.passed for each in checks.bad_rows(client, classified))


def test_a_classifier_that_is_surer_than_the_released_model_fails(serve, classified):
    client, _ = serve(classifier)
    check = checks.golden_rows(client, Golden(classified.rows, classes(classified, shift=0.001)))
    assert not check.passed
    assert check.value == pytest.approx(0.001)


def test_another_label_of_the_same_probability_fails(serve, classified):
    client, _ = serve(classifier)
    others = [{**each, "label": LABELS[each["label"] == LABELS[0]]} for each in classes(classified)]
    check = checks.golden_rows(client, Golden(classified.rows, others))
    assert not check.passed
    assert check.value is None
    assert check.message.startswith(
        "100 of 100 rows differ from the released model in this process by more than 1e-05 "
    )
    assert "the endpoint returned low or none (" in check.message


def test_a_classifier_whose_json_has_another_label_than_its_csv_fails(serve, classified):
    def by_format(content_type, body, accept):
        status, answer = classifier(content_type, body, accept)
        return status, answer.replace(f'"label": "{LABELS[1]}"', '"label": "other"')

    client, _ = serve(by_format)
    assert not checks.formats_agree(client, classified).passed


def test_an_endpoint_that_predicts_numbers_in_place_of_labels_fails(serve, classified):
    client, _ = serve(sum_model)
    assert not checks.golden_rows(client, Golden(classified.rows, classes(classified))).passed


def test_a_classifiers_accuracy_is_measured_by_its_probabilities(serve, classified):
    client, _ = serve(classifier)
    measured = accuracy.measure(client, classified, OUTCOME)
    # The sum of row n is n + 3.5, so predictions and labels change at the same row.
    assert (measured["accuracy"], measured["auc"], measured["rows"]) == (1.0, 1.0, 100)
    sums = range(1, 101)
    losses = [-math.log(probabilities(n + 3.5)[n > 50]) for n in sums]
    assert measured["log_loss"] == pytest.approx(math.fsum(losses) / 100)


def test_a_classifier_worse_than_its_gate_fails_in_the_metrics_that_it_misses(serve, classified):
    def undecided(content_type, body, accept):
        return 200, classified_answer([(0.4, 0.6)] * len(body.splitlines()), accept)

    client, _ = serve(undecided)
    measured = accuracy.measure(client, classified, OUTCOME)
    evaluated = {"binary_classification_metrics": {"accuracy": {"value": 0.9}, "confusion_matrix": {}}}
    found = accuracy.judge(measured, evaluated, gate(accuracy=0.8, recall=0.9), ProblemType.BINARY_CLASSIFICATION)
    assert [(check.name, check.passed) for check in found] == [
        ("accuracy through the endpoint", False),
        ("recall through the endpoint", True),
        ("accuracy as evaluated", False),
    ]


def test_a_classifier_without_probabilities_cannot_be_measured(serve, classified):
    def labels_only(content_type, body, accept):
        return 200, json.dumps({"predictions": [{"label": "high", "probability": 0.8}] * len(body.splitlines())})

    client, _ = serve(labels_only)
    with pytest.raises(PipelineError, match="returned no predictions"):
        accuracy.measure(client, classified, OUTCOME)


def test_a_test_set_of_one_label_is_refused_with_its_reason(serve, classified):
    client, _ = serve(classifier)
    with pytest.raises(InputError, match="one label|1 label"):
        accuracy.measure(client, classified.sample(1), OUTCOME)


def test_a_label_that_the_target_does_not_have_is_named_with_its_row():
    with pytest.raises(PipelineError) as caught:
        parse("outcome,x\nhigh,1\nmiddle,2\n", "test.csv", OUTCOME, ["x"])
    assert str(caught.value) == ("test.csv: row 2, column outcome: found 'middle', allowed is one of low or none, high")


def test_a_target_that_is_no_number_is_named_with_its_row():
    with pytest.raises(PipelineError) as caught:
        parse("total_amount,x\n1.5,1\n,2\n", "test.csv", TOTAL, ["x"])
    assert str(caught.value) == "test.csv: row 2, column total_amount: found '', allowed is a number"
