"""What an endpoint has to answer, asked of one that is right and of ones that are not."""

import json

import numpy as np
import pytest
from endpoint import broken, sum_model

from mlops.configuration import Evaluation
from mlops.container.programs.evaluate import metrics
from mlops.errors import PipelineError
from mlops.qa import accuracy, checks

GATE = Evaluation.model_construct(metric="rmse", goal="Minimize", bound=6.0, allowed_regression=0.02)


def test_an_endpoint_that_answers_like_the_released_model_passes(serve, rows):
    client, _ = serve(sum_model)
    check = checks.known_rows(client, rows, rows.targets)
    assert check.passed
    assert check.figure == 0.0


def test_an_endpoint_with_another_model_fails_and_the_message_shows_a_row(serve, rows):
    client, _ = serve(lambda kind, body: (200, "\n".join("7" for _ in body.splitlines())))
    check = checks.known_rows(client, rows, rows.targets)
    assert not check.passed
    assert "row '100,1,2.5': the endpoint answered 7, not 103.5" in check.message


def test_an_answer_that_is_no_number_fails(serve, rows):
    client, _ = serve(lambda kind, body: (200, "\n".join("nan" for _ in body.splitlines())))
    assert not checks.known_rows(client, rows, rows.targets).passed


def test_an_answer_with_too_few_predictions_is_an_error(serve, rows):
    client, _ = serve(lambda kind, body: (200, "1.0"))
    with pytest.raises(PipelineError, match="1 predictions for 100 rows"):
        client.predict_csv(rows.rows)


def test_csv_and_json_that_disagree_fail(serve, rows):
    def by_format(content_type, body):
        status, answer = sum_model(content_type, body)
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
    assert [check.figure for check in found] == [400, 400, 400, 400, 415]
    assert all(check.passed for check in found)


def test_an_endpoint_that_takes_every_row_fails_each_refusal(serve, rows):
    client, _ = serve(lambda kind, body: (200, "1.0"))
    found = checks.bad_rows(client, rows)
    assert not any(check.passed for check in found)
    assert "text in duration_minutes was answered with 200, must be 400" in found[2].message


def test_a_crash_is_no_refusal(serve, rows):
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
    assert accuracy.measure(client, requests_of_two_batches) == {"rmse": 0, "mae": 0, "r2": 1, "rows": 600}
    assert len(requests) == 2


def test_metrics_are_those_of_regression():
    found = accuracy.regression_metrics([1, 2, 3, 4], [1, 2, 3, 8])
    assert found == {"rmse": 2.0, "mae": 1.0, "r2": pytest.approx(-2.2), "rows": 4}


def test_an_accuracy_past_the_gate_fails_with_figure_and_bound():
    measured = {"rmse": 7.25, "mae": 3.0, "r2": 0.5, "rows": 1000}
    (check,) = accuracy.judge(measured, {}, GATE)
    assert not check.passed
    assert check.message == (
        "rmse on 1,000 test rows through the endpoint was 7.25, configuration/evaluation.yml allows at most 6"
    )


def test_an_accuracy_other_than_the_evaluated_one_fails():
    measured = {"rmse": 4.0, "mae": 3.0, "r2": 0.5, "rows": 1000}
    evaluation = {"regression_metrics": {"rmse": {"value": 3.9}}}
    gate, same = accuracy.judge(measured, evaluation, GATE)
    assert gate.passed
    assert not same.passed
    assert "through the endpoint was 4, the evaluation job found 3.9" in same.message


def test_r2_of_a_constant_target_is_zero_as_in_the_evaluation_job():
    assert accuracy.regression_metrics([1.0, 1.0, 1.0], [2.0, 2.0, 2.0])["r2"] == 0.0
    assert metrics(np.ones(3), np.full(3, 2.0))["r2"]["value"] == 0.0
