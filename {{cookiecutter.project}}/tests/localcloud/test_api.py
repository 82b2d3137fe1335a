"""The REST API's function: what it answers, what it raises, what it logs. Its endpoints are of the local cloud."""

import base64
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import api_modules
import pytest
from botocore.exceptions import ClientError
from harness import REPOSITORY, Cloud
from hosting import FAILS, Hosting

from mlops.aws import functions

# Predicts the first feature; refuses what is no number, as the shipped container does.
ECHOES = """
import json
from server import serve
def answer(body, headers):
    if "json" in headers["Content-Type"]:
        rows = json.loads(body)["instances"]
    else:
        rows = [line.split(",") for line in body.decode().split()]
    try:
        numbers = [float(row[0]) for row in rows]
    except ValueError:
        told = json.dumps({"error": "row 1: no number"})
        return 400, {"Content-Type": "application/json"}, told
    if headers["Accept"] == "text/csv":
        return 200, {"Content-Type": "text/csv"}, "".join(f"{number}\\n" for number in numbers)
    return 200, {"Content-Type": "application/json"}, json.dumps({"predictions": numbers})
serve(answer)
"""
CSV, JSON = "text/csv", "application/json"
CONTEXT = SimpleNamespace(
    function_name="api",
    function_version="1",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:api:live",
    aws_request_id="request",
)
Function = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def endpoints(hosting: Hosting) -> None:
    hosting.deploy("api-good", ECHOES)
    hosting.deploy("api-failing", FAILS)


@pytest.fixture
def function(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Function]:
    """Makes the function in front of an endpoint, as Lambda would load it."""

    def load(endpoint: str, **environment: str) -> Function:
        app = api_modules.load(
            monkeypatch,
            cloud,
            "app",
            ENDPOINT_NAME=endpoint,
            MODEL_VERSION="release-1",
            POWERTOOLS_SERVICE_NAME="api",
            POWERTOOLS_METRICS_NAMESPACE="api",
            **environment,
        )

        def call(body: str | bytes | None, *, path: str = "/predict", method: str = "POST", **headers: str) -> dict:
            encoded = isinstance(body, bytes)
            event = {
                "httpMethod": method,
                "path": path,
                "headers": {name.replace("_", "-"): value for name, value in headers.items()},
                "body": base64.b64encode(body).decode() if encoded else body,
                "isBase64Encoded": encoded,
                "requestContext": {"requestId": "1", "stage": "live"},
            }
            answer = app.handler(event, CONTEXT)
            if "application/json" in str(answer["multiValueHeaders"]["Content-Type"]):
                answer["told"] = json.loads(answer["body"])
            return answer

        return call

    return load


@pytest.fixture
def good(function: Callable[..., Function]) -> Function:
    return function("api-good", MAX_ROWS="3", MAX_BYTES="60")


def test_csv_is_answered_with_json_that_names_the_model_version(good: Function) -> None:
    answer = good("1.5,2\n3,4\n", Content_Type=CSV)
    assert answer["statusCode"] == 200
    assert answer["told"] == {
        "predictions": [1.5, 3.0],
        "model_version": "release-1",
        "endpoint": "api-good",
        "variant": "AllTraffic",
    }
    assert answer["multiValueHeaders"]["X-Model-Version"] == ["release-1"]


def test_csv_is_answered_with_csv_where_the_client_asks_for_it(good: Function) -> None:
    answer = good("1.5,2\n3,4\n", Content_Type="text/csv; charset=utf-8", Accept="text/csv, */*;q=0.1")
    assert (answer["statusCode"], answer["body"]) == (200, "1.5\n3.0\n")
    assert answer["multiValueHeaders"]["X-Model-Version"] == ["release-1"]


@pytest.mark.parametrize("body", ['{"instances": [[7, 8]]}', b'{"instances": [[7, 8]]}'])
def test_json_is_read_as_text_and_as_base64(good: Function, body: str | bytes) -> None:
    assert good(body, Content_Type=JSON)["told"]["predictions"] == [7.0]


def test_an_answer_names_the_version_of_the_model_that_gave_it(
    hosting: Hosting, function: Callable[..., Function]
) -> None:
    for name, version in (("AllTraffic", "release-1"), ("Champion", "release-0")):
        weights = {"AllTraffic": 0.0, "Champion": 0.0, name: 1.0}
        variants = [
            hosting.variant("api-good", VariantName=each, InitialVariantWeight=w) for each, w in weights.items()
        ]
        hosting.configuration(f"api-{name}", *variants)
        hosting.up(f"api-{name}")
        call = function(f"api-{name}", BESIDE_NAME="Champion", BESIDE_VERSION="release-0")
        answer = call("1,2", Content_Type=CSV)
        assert answer["told"]["variant"] == name
        assert answer["told"]["model_version"] == version
        assert answer["multiValueHeaders"]["X-Model-Version"] == [version]


def test_health_names_the_release_without_asking_the_model(function: Callable[..., Function]) -> None:
    answer = function("api-nobodys")(None, path="/health", method="GET")
    assert answer["statusCode"] == 200
    assert answer["told"] == {"status": "ok", "model_version": "release-1", "endpoint": "api-nobodys"}


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
        (400, "a row as list or as object", '{"instances": [1]}', {"Content_Type": JSON}),
        (400, "UTF-8", b"\xff\xfe", {"Content_Type": CSV}),
        (413, "Found 4 rows, allowed are 3", "1\n2\n3\n4", {"Content_Type": CSV}),
        (413, "allowed are 60", "1" * 61, {"Content_Type": CSV}),
        (400, "row 1: no number", "far,2", {"Content_Type": CSV}),
    ],
)
def test_what_the_client_can_mend_is_answered_with_its_reason(
    good: Function, status: int, reason: str, body: str | bytes | None, headers: dict[str, str]
) -> None:
    answer = good(body, **headers)
    assert answer["statusCode"] == status
    assert reason in answer["told"]["error"]


def test_a_path_that_is_not_there_is_the_clients_mistake(good: Function) -> None:
    assert good("1", path="/train", Content_Type=CSV)["statusCode"] == 404


@pytest.mark.parametrize(("endpoint", "reason"), [("api-failing", "ModelError"), ("api-nobodys", "not found")])
def test_a_failure_of_the_endpoint_is_raised_so_that_it_is_counted(
    function: Callable[..., Function], endpoint: str, reason: str
) -> None:
    with pytest.raises(ClientError, match=reason):
        function(endpoint)("1,2", Content_Type=CSV)


def test_refusals_and_requests_are_metrics_of_the_model_version(
    good: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    good("far,2", Content_Type=CSV)
    emitted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [counted] = [each for each in emitted if "ClientErrors" in each]
    assert counted["model_version"] == "release-1"
    assert (counted["ClientErrors"], counted["Requests"]) == ([1.0], [1.0])


def test_rows_stay_out_of_the_log(good: Function, capsys: pytest.CaptureFixture[str]) -> None:
    good("1234.5678,2", Content_Type=CSV)
    good("secret-word,2", Content_Type=CSV)
    logged = capsys.readouterr()
    assert "1234.5678" not in logged.out + logged.err
    assert "secret-word" not in logged.out + logged.err


def test_the_archive_is_the_same_for_the_same_code() -> None:
    assert functions.pack(REPOSITORY) == functions.pack(REPOSITORY)


def test_the_archive_and_boto3_are_all_that_the_functions_need(tmp_path: Path) -> None:
    (tmp_path / "functions.zip").write_bytes(functions.pack(REPOSITORY).content)
    # Lambda's runtime for Python brings boto3 and what it requires.
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"):
        file = Path(importlib.import_module(name).__file__)
        source = file.parent if file.name == "__init__.py" else file
        (runtime / source.name).symlink_to(source)
    program = "import api.app, api.before_traffic, api.after_traffic"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{tmp_path / 'functions.zip'}:{runtime}",
            "ENDPOINT_NAME": "x",
            "POWERTOOLS_METRICS_NAMESPACE": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
