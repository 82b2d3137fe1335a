"""The app by Chalice's own client, with responses as SageMaker's runtime gives them. configure.py must have run."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import app
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from chalice.test import Client, HTTPResponse

FOLDER = Path(__file__).parent
ENDPOINT = json.loads((FOLDER / ".chalice" / "config.json").read_text())["environment_variables"]["ENDPOINT_NAME"]
# Chalice's client does not check signatures; API Gateway does.
pytestmark = pytest.mark.filterwarnings("ignore:IAMAuthorizer is not a supported")


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """SageMaker's runtime: it accepts the requests that a test expects, and responds as the test says."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    app.runtime.cache_clear()
    with Stubber(app.runtime()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
    app.runtime.cache_clear()


def post(body: bytes, **headers: str) -> HTTPResponse:
    with Client(app.app, stage_name="production", project_dir=str(FOLDER)) as client:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.http.post("/predict", headers=sent, body=body)


@pytest.mark.parametrize(
    ("kind", "body", "predictions"),
    [("text/csv", b"1,2\n", b"3.5\n"), ("application/json", b'{"instances": [[1, 2]]}', b'{"predictions": [3.5]}')],
)
def test_rows_get_the_predictions_of_the_configured_endpoint(
    endpoint: Stubber, kind: str, body: bytes, predictions: bytes
) -> None:
    expected = {"EndpointName": ENDPOINT, "Body": body, "ContentType": kind, "Accept": kind}
    answer = {"Body": StreamingBody(io.BytesIO(predictions), len(predictions)), "ContentType": kind}
    endpoint.add_response("invoke_endpoint", answer, expected)
    response = post(body, Content_Type=kind)
    assert (response.status_code, response.body) == (200, predictions)
    assert response.headers["Content-Type"] == kind


def test_refused_rows_get_the_status_and_the_reason_of_the_model(endpoint: Stubber) -> None:
    refused = {"OriginalStatusCode": 400, "OriginalMessage": "row 1, trip_distance: found 'far'"}
    endpoint.add_client_error("invoke_endpoint", "ModelError", response_meta=None, modeled_fields=refused)
    response = post(b"far\n", Content_Type="text/csv")
    assert (response.status_code, response.body) == (400, b"row 1, trip_distance: found 'far'")


@pytest.mark.parametrize("code", ["ModelError", "ValidationError", "ThrottlingException"])
def test_a_failure_of_the_endpoint_is_not_the_clients(endpoint: Stubber, code: str) -> None:
    fields = {"OriginalStatusCode": 500, "OriginalMessage": "killed"} if code == "ModelError" else {}
    endpoint.add_client_error("invoke_endpoint", code, modeled_fields=fields)
    assert post(b"1,2\n", Content_Type="text/csv").status_code == 502


def test_other_content_types_are_refused() -> None:
    assert post(b"<row/>", Content_Type="text/xml").status_code == 415


def test_health_names_the_endpoint() -> None:
    with Client(app.app, stage_name="production", project_dir=str(FOLDER)) as client:
        assert client.http.get("/health").json_body == {"endpoint": ENDPOINT}
