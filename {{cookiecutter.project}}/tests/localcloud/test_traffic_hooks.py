"""The hooks around the shift of traffic: what they find out about an endpoint, and that CodeDeploy always hears."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import api_modules
import boto3
import pytest
from harness import Cloud
from hosting import FAILS, Hosting, says

EVENT = {"DeploymentId": "d-TEST00001", "LifecycleEventHookExecutionId": "hook"}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What CodeDeploy has been told; there is no deployment here that could hear it."""
    heard: list[dict] = []
    client = boto3.client

    class CodeDeploy:
        def put_lifecycle_event_hook_execution_status(self, **request: Any) -> None:
            heard.append(request)

    monkeypatch.setattr(boto3, "client", lambda name, **k: CodeDeploy() if name == "codedeploy" else client(name, **k))
    return heard


@pytest.fixture
def hook(cloud: Cloud, bucket: str, told: list[dict], monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict]:
    """Runs a hook for an endpoint and gives what CodeDeploy was told."""

    def run(module: str, endpoint: str, **environment: str) -> dict:
        given = {
            "ENDPOINT_NAME": endpoint,
            "CAPTURE_URI": f"s3://{bucket}/hooks",
            "KNOWN_ROWS_URI": f"s3://{bucket}/{endpoint}.json",
            "WAIT_SECONDS": "0",
        }
        loaded = api_modules.load(monkeypatch, cloud, module, **{**given, **environment})
        loaded.handler(EVENT, None)
        [status] = told
        assert status["deploymentId"] == "d-TEST00001"
        return status

    return run


ANSWERS_TWO = """
import json
from server import serve
def answer(body, headers):
    rows = len(body.decode().split())
    if headers["Accept"] == "text/csv":
        return 200, {"Content-Type": "text/csv"}, "2.0\\n" * rows
    return 200, {"Content-Type": "application/json"}, json.dumps({"predictions": [2.0] * rows})
serve(answer)
"""


def known(hosting: Hosting, endpoint: str, *predictions: float) -> None:
    rows = {"rows": ["1,2"] * len(predictions), "predictions": predictions, "tolerance": 1e-4}
    hosting.cloud.client("s3").put_object(Bucket=hosting.bucket, Key=f"{endpoint}.json", Body=json.dumps(rows))


@pytest.mark.parametrize(
    ("program", "prediction", "status"),
    [
        (ANSWERS_TWO, 2.0, "Succeeded"),
        (ANSWERS_TWO, 2.1, "Failed"),
        (says("nan"), 2.0, "Failed"),
        (FAILS, 2.0, "Failed"),
    ],
)
def test_traffic_comes_only_to_an_endpoint_that_answers_known_rows_rightly(
    hosting: Hosting, hook: Callable[..., dict], program: str, prediction: float, status: str
) -> None:
    name = f"hooked-{uuid.uuid4().hex[:8]}"
    hosting.deploy(name, program)
    known(hosting, name, 2.0, prediction)
    assert hook("before_traffic", name)["status"] == status


def test_the_release_itself_is_asked_where_another_model_shares_its_traffic(
    hosting: Hosting, hook: Callable[..., dict]
) -> None:
    hosting.model("hooked-shared", ANSWERS_TWO)
    hosting.model("hooked-champion", says("3.0"))
    variants = hosting.variant("hooked-shared"), hosting.variant("hooked-champion", VariantName="Champion")
    hosting.configuration("hooked-shared", *variants)
    hosting.up("hooked-shared")
    known(hosting, "hooked-shared", *([2.0] * 10))
    assert hook("before_traffic", "hooked-shared")["status"] == "Succeeded"


def test_known_rows_that_are_missing_fail_the_deployment(hosting: Hosting, hook: Callable[..., dict]) -> None:
    assert hook("before_traffic", "nobodys")["status"] == "Failed"


@pytest.mark.parametrize(
    ("captured", "status"), [("this-one", "Succeeded"), ("this-one-before", "Failed"), ("another", "Failed")]
)
def test_traffic_stays_only_where_captures_of_this_very_endpoint_lie(
    cloud: Cloud, bucket: str, hook: Callable[..., dict], captured: str, status: str
) -> None:
    prefix = f"captures/{uuid.uuid4().hex}"
    key = f"{prefix}/{captured}/AllTraffic/2026/01/02/03/04-05.jsonl"
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=b"{}")
    assert hook("after_traffic", "this-one", CAPTURE_URI=f"s3://{bucket}/{prefix}")["status"] == status


def test_nothing_is_looked_for_where_nothing_is_captured(hook: Callable[..., dict]) -> None:
    assert hook("after_traffic", "this-one", CAPTURE="off")["status"] == "Succeeded"
