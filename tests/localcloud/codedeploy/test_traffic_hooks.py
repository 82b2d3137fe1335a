"""The hooks around the shift of traffic: their checks of a release, and that CodeDeploy always gets a result."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import api_modules
import boto3
import fronting
import pytest
from harness import Cloud
from hosting import FAILS, Hosting, says
from lambdas import Lambdas

pytestmark = pytest.mark.acceptance

EVENT = {"DeploymentId": "d-TEST00001", "LifecycleEventHookExecutionId": "hook"}
Hook = Callable[..., str]


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """The results that hooks report; no deployment exists that could receive them."""
    reports: list[dict] = []
    client = boto3.client

    class CodeDeploy:
        def put_lifecycle_event_hook_execution_status(self, **request: Any) -> None:
            reports.append(request)

    monkeypatch.setattr(boto3, "client", lambda name, **k: CodeDeploy() if name == "codedeploy" else client(name, **k))
    return reports


@pytest.fixture
def hook(cloud: Cloud, bucket: str, reported: list[dict], monkeypatch: pytest.MonkeyPatch) -> Hook:
    """Runs a hook for an endpoint and returns the status that it reports to CodeDeploy."""

    def run(module: str, endpoint: str, **environment: str) -> str:
        variables = {
            "ENDPOINT_NAME": endpoint,
            "MODEL_VERSION": "release-1",
            "CAPTURE_URI": f"s3://{bucket}/hooks",
            "GOLDEN_ROWS_URI": f"s3://{bucket}/{endpoint}.json",
            "WAIT_SECONDS": "0",
        }
        loaded = api_modules.load(monkeypatch, cloud, module, **{**variables, **environment})
        loaded.handler(EVENT, None)
        [status] = reported
        assert status["deploymentId"] == "d-TEST00001"
        return status["status"]

    return run


# Predicts two for each row of numbers.
ANSWERS_TWO = """
import json
from server import serve
def answer(body, headers):
    if headers["Content-Type"] == "application/json":
        rows = len(json.loads(body)["instances"])
    else:
        lines = body.decode().split()
        if not all(line.replace(",", "").isdigit() for line in lines):
            return 400, {"Content-Type": "application/json"}, '{"error": "not a number"}'
        rows = len(lines)
    if headers["Accept"] == "text/csv":
        return 200, {"Content-Type": "text/csv"}, "2.0\\n" * rows
    return 200, {"Content-Type": "application/json"}, json.dumps({"predictions": [2.0] * rows})
serve(answer)
"""
TEXT_IN_A_NUMBER = {"fault": "text in a number", "body": "many,2", "content_type": "text/csv", "status": 400}


def golden(
    hosting: Hosting, endpoint: str, *predictions: float | dict[str, Any], bad_requests: tuple[dict, ...] = ()
) -> None:
    rows = {
        "rows": ["1,2"] * len(predictions),
        "instances": [[1, 2]] * len(predictions),
        "predictions": predictions,
        "tolerance": 1e-4,
        "bad_requests": bad_requests,
    }
    hosting.cloud.client("s3").put_object(Bucket=hosting.bucket, Key=f"{endpoint}.json", Body=json.dumps(rows))


@pytest.fixture
def in_front(lambdas: Lambdas) -> Callable[..., str]:
    """Makes the function in front of an endpoint and gives the ARN of its version."""

    def made(endpoint: str, code: bytes = b"", **environment: str) -> str:
        variables = {"ENDPOINT_NAME": endpoint, "MODEL_VERSION": "release-1", **environment}
        return fronting.version(lambdas, f"{endpoint}-api", code or fronting.archive(), **variables)

    return made


@pytest.fixture(scope="module")
def answering(hosting: Hosting) -> str:
    """An endpoint that answers its golden rows, and refuses text."""
    hosting.deploy("hooked", ANSWERS_TWO)
    golden(hosting, "hooked", *([2.0] * 3), bad_requests=(TEXT_IN_A_NUMBER,))
    return "hooked"


@pytest.mark.parametrize(
    ("program", "prediction", "status"),
    [
        (ANSWERS_TWO, 2.0, "Succeeded"),
        (ANSWERS_TWO, 2.1, "Failed"),
        (says("nan"), 2.0, "Failed"),
        (FAILS, 2.0, "Failed"),
    ],
)
def test_only_an_endpoint_with_the_golden_predictions_gets_traffic(
    hosting: Hosting, hook: Hook, in_front: Callable[..., str], program: str, prediction: float, status: str
) -> None:
    name = f"hooked-{uuid.uuid4().hex[:8]}"
    hosting.deploy(name, program)
    golden(hosting, name, 2.0, prediction)
    assert hook("before_traffic", name, FUNCTION_ARN=in_front(name)) == status


# Is sure of the label high by 0.8.
ANSWERS_HIGH = """
import json
from server import serve
def answer(body, headers):
    is_json = headers["Content-Type"] == "application/json"
    rows = len(json.loads(body)["instances"]) if is_json else len(body.decode().split())
    if headers["Accept"] == "text/csv":
        return 200, {"Content-Type": "text/csv"}, "very high,0.8\\n" * rows
    high = {"label": "very high", "probability": 0.8, "probabilities": {"low": 0.2, "very high": 0.8}}
    return 200, {"Content-Type": "application/json"}, json.dumps({"predictions": [high] * rows})
serve(answer)
"""


@pytest.fixture(scope="module")
def classifying(hosting: Hosting) -> str:
    """An endpoint of a classifier."""
    hosting.deploy("classifying", ANSWERS_HIGH)
    return "classifying"


@pytest.mark.parametrize(
    ("prediction", "status", "reason"),
    [
        ({"label": "very high", "probability": 0.8}, "Succeeded", ""),
        ({"label": "very high", "probability": 0.81}, "Failed", "the released model very high (0.81)"),
        ({"label": "low", "probability": 0.8}, "Failed", "answers very high (0.8) for '1,2', the released model low"),
        (0.8, "Failed", "answers very high (0.8) for '1,2', the released model 0.8"),
    ],
)
def test_a_classifier_with_other_predictions_gets_no_traffic(
    hosting: Hosting,
    classifying: str,
    hook: Hook,
    in_front: Callable[..., str],
    caplog,
    prediction: float | dict[str, Any],
    status: str,
    reason: str,
) -> None:
    golden(hosting, classifying, prediction, prediction)
    arn = in_front(classifying) if status == "Succeeded" else ""
    assert hook("before_traffic", classifying, FUNCTION_ARN=arn) == status
    assert reason in getattr(caplog.records[-1], "reason", "")


WRONG_CODE = {
    "does not compile": (("app.py", "", fronting.BROKEN), "fails at GET /health: "),
    "cannot be imported": (("requests.py", "", "\nimport nothing_like_this\n"), "fails at GET /health: "),
    "fails at good rows": (("app.py", "_VERSIONS.get(answer.variant, _VERSION)", "_VERSIONS['x']"), "KeyError"),
    "predicts something else": (("app.py", '["predictions"]', '["predictions"] and [1.0] * 3'), "answers 1 for '1,2'"),
    "fails at a wrong type": (("requests.py", "HTTPStatus.UNSUPPORTED_MEDIA_TYPE", "500"), "a picture with 500"),
    "answers a wrong path": (
        ("app.py", '@app.get("/health")', '@app.get("/health")\n@app.post("/predictions")'),
        "200",
    ),
    "hides a refusal": (
        ("app.py", "raise ServiceError(answer.status, _reason(answer.body))", "return health()"),
        "text",
    ),
}


@pytest.mark.parametrize(("spoilt", "reason"), WRONG_CODE.values(), ids=WRONG_CODE)
def test_only_a_function_with_the_golden_predictions_gets_traffic(
    answering: str, lambdas: Lambdas, hook: Hook, caplog, spoilt: tuple[str, str, str], reason: str
) -> None:
    environment = {"ENDPOINT_NAME": answering, "MODEL_VERSION": "release-1"}
    arn = fronting.version(lambdas, f"wrong-{uuid.uuid4().hex[:8]}", fronting.archive(*spoilt), **environment)
    assert hook("before_traffic", answering, FUNCTION_ARN=arn) == "Failed"
    assert reason in caplog.records[-1].reason


def test_the_function_of_another_release_gets_no_traffic(answering: str, lambdas: Lambdas, hook: Hook) -> None:
    environment = {"ENDPOINT_NAME": answering, "MODEL_VERSION": "release-0"}
    arn = fronting.version(lambdas, "of-another-release", fronting.archive(), **environment)
    assert hook("before_traffic", answering, FUNCTION_ARN=arn) == "Failed"


def test_golden_rows_are_sent_in_requests_that_the_api_takes(answering: str, lambdas: Lambdas, hook: Hook) -> None:
    environment = {"ENDPOINT_NAME": answering, "MODEL_VERSION": "release-1", "MAX_ROWS": "2"}
    arn = fronting.version(lambdas, "takes-two-rows", fronting.archive(), **environment)
    assert hook("before_traffic", answering, FUNCTION_ARN=arn, MAX_ROWS="2") == "Succeeded"


def test_the_release_is_invoked_when_a_challenger_shares_its_traffic(
    hosting: Hosting, hook: Hook, in_front: Callable[..., str]
) -> None:
    hosting.model("hooked-shared", ANSWERS_TWO)
    hosting.model("hooked-champion", ANSWERS_TWO.replace("2.0", "3.0"))
    variants = hosting.variant("hooked-shared"), hosting.variant("hooked-champion", VariantName="Champion")
    hosting.configuration("hooked-shared", *variants)
    hosting.up("hooked-shared")
    golden(hosting, "hooked-shared", *([2.0] * 10))
    arn = in_front("hooked-shared", CHALLENGER_NAME="Champion", CHALLENGER_VERSION="release-0")
    environment = {"FUNCTION_ARN": arn, "RELEASE_VARIANT": "AllTraffic"}
    assert hook("before_traffic", "hooked-shared", **environment) == "Succeeded"


def test_golden_rows_that_are_missing_fail_the_deployment(hosting: Hosting, hook: Hook) -> None:
    assert hook("before_traffic", "nobodys") == "Failed"


@pytest.fixture
def cloudformation() -> Iterator[tuple[str, list[dict]]]:
    """An address that takes answers to custom resources, and the answers."""
    reports: list[dict] = []

    class Taking(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Only the answers count."""

    server = HTTPServer(("127.0.0.1", 0), Taking)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/answer", reports
    server.shutdown()
    serving.join()


@pytest.mark.parametrize(("change", "status"), [("Create", "FAILED"), ("Update", "SUCCESS"), ("Delete", "SUCCESS")])
def test_cloudformation_hears_whether_a_first_release_may_get_traffic(
    cloud: Cloud, bucket: str, monkeypatch, cloudformation: tuple[str, list[dict]], change: str, status: str
) -> None:
    url, reports = cloudformation
    environment = {"ENDPOINT_NAME": "nobodys", "GOLDEN_ROWS_URI": f"s3://{bucket}/nothing.json"}
    loaded = api_modules.load(monkeypatch, cloud, "before_traffic", **environment)
    request_ids = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "FirstCheck"}
    loaded.handler({"RequestType": change, "ResponseURL": url, **request_ids}, None)
    [answer] = reports
    assert answer["Status"] == status
    assert answer["PhysicalResourceId"] == "FirstCheck"
    assert {key: answer[key] for key in request_ids} == request_ids
    assert ("NoSuchKey" in answer["Reason"]) is (status == "FAILED")


@pytest.mark.parametrize(
    ("captured", "status"), [("this-one", "Succeeded"), ("this-one-before", "Failed"), ("another", "Failed")]
)
def test_traffic_stays_only_where_captures_of_this_very_endpoint_lie(
    cloud: Cloud, bucket: str, hook: Hook, captured: str, status: str
) -> None:
    prefix = f"captures/{uuid.uuid4().hex}"
    key = f"{prefix}/{captured}/AllTraffic/2026/01/02/03/04-05.jsonl"
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=b"{}")
    assert hook("after_traffic", "this-one", CAPTURE_URI=f"s3://{bucket}/{prefix}") == status


def test_nothing_is_looked_for_where_nothing_is_captured(hook: Hook) -> None:
    assert hook("after_traffic", "this-one", CAPTURE="off") == "Succeeded"
