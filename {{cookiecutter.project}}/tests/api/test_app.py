"""The REST API's function: its responses, its refusals, its log."""

import json
from collections.abc import Callable
from types import ModuleType

import pytest
from gateway import CONTEXT, Call, Endpoint, event

CSV, JSON = "text/csv", "application/json"


@pytest.mark.parametrize("module", ["app", "before_traffic", "after_traffic", "synthetic_check"])
def test_every_function_has_its_handler(load: Callable[..., ModuleType], module: str) -> None:
    assert callable(load(module).handler)


def test_the_response_to_csv_is_json_with_the_model_version(call: Call) -> None:
    answer = call("1.5,2\n3,4\n", Content_Type=CSV)
    assert answer["statusCode"] == 200
    assert answer["content"] == {
        "predictions": [1.5, 3.0],
        "model_version": "release-1",
        "endpoint": "endpoint-1",
        "variant": "AllTraffic",
    }
    assert answer["multiValueHeaders"]["X-Model-Version"] == ["release-1"]


def test_the_response_to_csv_is_csv_if_the_client_accepts_it(call: Call) -> None:
    answer = call("1.5,2\n3,4\n", Content_Type="text/csv; charset=utf-8", Accept="text/csv, */*;q=0.1")
    assert (answer["statusCode"], answer["body"]) == (200, "1.5\n3.0\n")
    assert answer["multiValueHeaders"]["X-Model-Version"] == ["release-1"]


@pytest.mark.parametrize(
    ("accept", "body"),
    [(CSV, "high,0.75\n"), (JSON, '"predictions": [{"label": "high", "probability": 0.75}]')],
)
def test_a_classifiers_predictions_are_labels_with_probabilities(
    load: Callable[..., ModuleType], accept: str, body: str
) -> None:
    app = load("app", ENDPOINT_NAME="classifier")
    answer = app.handler(event("0.75,2\n", "/predict", "POST", {"Content-Type": CSV, "Accept": accept}), CONTEXT)
    assert answer["statusCode"] == 200
    assert body in answer["body"]


@pytest.mark.parametrize("body", ['{"instances": [[7, 8]]}', b'{"instances": [[7, 8]]}'])
def test_json_is_read_as_text_and_as_base64(call: Call, body: str | bytes) -> None:
    assert call(body, Content_Type=JSON)["content"]["predictions"] == [7.0]


def test_health_names_the_release_without_calling_the_endpoint(call: Call) -> None:
    answer = call(None, path="/health", method="GET")
    assert answer["statusCode"] == 200
    assert answer["content"] == {"status": "ok", "model_version": "release-1", "endpoint": "endpoint-1"}


@pytest.mark.parametrize(
    ("status", "reason", "body", "headers"),
    [
        (415, "allowed are text/csv and application/json", "1,2", {"Content_Type": "text/plain"}),
        (415, "found nothing", "1,2", {}),
        (406, "image/png", "1,2", {"Content_Type": CSV, "Accept": "image/png"}),
        (400, "The body is empty", "", {"Content_Type": CSV}),
        (400, "The body is empty", None, {"Content_Type": CSV}),
        (400, "not JSON", "{", {"Content_Type": JSON}),
        (400, "instances", '{"rows": []}', {"Content_Type": JSON}),
        (400, "a row is a list, or an object", '{"instances": [1]}', {"Content_Type": JSON}),
        (400, "UTF-8", b"\xff\xfe", {"Content_Type": CSV}),
        (413, "Found 4 rows, allowed are 3", "1\n2\n3\n4", {"Content_Type": CSV}),
        (413, "allowed are 60", "1" * 61, {"Content_Type": CSV}),
        (400, "row 1: not a number", "far,2", {"Content_Type": CSV}),
        (404, "Not found", "1", {"Content_Type": CSV, "path": "/train"}),
    ],
)
def test_faults_of_the_client_are_refused_with_their_reason(
    call: Call, status: int, reason: str, body: str | bytes | None, headers: dict[str, str]
) -> None:
    answer = call(body, **headers)
    assert answer["statusCode"] == status
    assert reason in json.dumps(answer["content"])


def test_an_integer_with_more_digits_than_python_converts_is_refused(load: Callable[..., ModuleType]) -> None:
    body = f'{{"instances": [[{"9" * 5000}, 1]]}}'
    answer = load("app").handler(event(body, "/predict", "POST", {"Content-Type": JSON}), CONTEXT)
    assert answer["statusCode"] == 400
    assert "not JSON" in answer["body"]


def test_refusals_and_requests_are_metrics_of_the_model_version(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    call("far,2", Content_Type=CSV)
    emitted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [counted] = [each for each in emitted if "ClientErrors" in each]
    assert counted["model_version"] == "release-1"
    assert (counted["ClientErrors"], counted["Requests"]) == ([1.0], [1.0])


def test_records_of_checks_differ_from_those_of_clients(call: Call) -> None:
    call("1,2", Content_Type=CSV)
    call("1,2", Content_Type=CSV, X_Synthetic_Request="true")
    assert Endpoint.inference_ids[-2:] == [None, "synthetic"]


def test_rows_are_not_logged(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    call("1234.5678,2", Content_Type=CSV)
    call("secret-word,2", Content_Type=CSV)
    logged = capsys.readouterr()
    assert "1234.5678" not in logged.out + logged.err
    assert "secret-word" not in logged.out + logged.err
