"""InvokeEndpoint: requests to the container, its responses, errors, metrics, through plain boto3."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hosting import Hosting, says
from waiting import until

LOG_GROUP = "/aws/sagemaker/Endpoints"
ECHO = """
import json
from server import serve
def answer(body, headers):
    seen = {"body": body.decode(), "headers": {name.lower(): value for name, value in headers.items()}}
    reply = {"Content-Type": "application/json; charset=utf-8", "X-Amzn-SageMaker-Custom-Attributes": "trace=2"}
    return 200, reply, json.dumps(seen)
serve(answer)
"""
REFUSES = """
from server import serve
serve(lambda body, headers: (int(body), {"Content-Type": "text/plain"}, "row 3 has 2 columns, not 4"))
"""


@pytest.fixture(scope="module")
def echo(hosting: Hosting) -> str:
    """An endpoint that responds with the request that its container received."""
    hosting.deploy("echo", ECHO)
    return "echo"


@pytest.fixture(scope="module")
def refuses(hosting: Hosting) -> str:
    """An endpoint that responds with the requested status."""
    hosting.deploy("refuses", REFUSES)
    return "refuses"


def failure(hosting: Hosting, **request: Any) -> dict:
    """The error response to an invocation that must fail."""
    with pytest.raises(ClientError) as failed:
        hosting.runtime.invoke_endpoint(**request)
    return failed.value.response


def test_the_request_reaches_the_container_as_it_was_sent(hosting: Hosting, echo: str) -> None:
    answer = hosting.runtime.invoke_endpoint(
        EndpointName=echo,
        Body="1,2\n",
        ContentType="text/csv",
        Accept="application/json",
        CustomAttributes="trace=1",
        InferenceId="id-1",
    )
    seen = json.loads(answer["Body"].read())
    assert seen["body"] == "1,2\n"
    host = seen["headers"].pop("host")
    assert host.startswith("127.0.0.1:")
    assert seen["headers"] == {
        "content-type": "text/csv",
        "accept": "application/json",
        "x-amzn-sagemaker-custom-attributes": "trace=1",
        "x-amzn-sagemaker-inference-id": "id-1",
        "content-length": "4",
    }


def test_response_has_content_type_attributes_and_variant(hosting: Hosting, echo: str) -> None:
    answer = hosting.runtime.invoke_endpoint(EndpointName=echo, Body="1")
    assert answer["ContentType"] == "application/json; charset=utf-8"
    assert answer["CustomAttributes"] == "trace=2"
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_the_target_variant_overrides_the_weights(hosting: Hosting) -> None:
    for name in ("champion", "challenger"):
        hosting.model(name, says(name))
    hosting.configuration(
        "targeted",
        hosting.variant("champion", VariantName="Champion"),
        hosting.variant("challenger", VariantName="Challenger", InitialVariantWeight=0),
    )
    hosting.up("targeted")
    assert {hosting.ask("targeted") for _ in range(5)} == {"champion"}
    assert hosting.ask("targeted", TargetVariant="Challenger") == "challenger"
    error = failure(hosting, EndpointName="targeted", Body="1", TargetVariant="Nobody")["Error"]
    assert error["Code"] == "ValidationError"
    assert "Variant Nobody" in error["Message"]


def test_unknown_endpoint_is_not_found(hosting: Hosting) -> None:
    error = failure(hosting, EndpointName="nowhere", Body="1")["Error"]
    assert error["Code"] == "ValidationError"
    assert error["Message"] == "Endpoint nowhere of account 000000000000 not found."


@pytest.mark.parametrize(("status", "kind"), [(400, "client"), (415, "client"), (500, "server"), (503, "server")])
def test_error_of_the_container_is_a_model_error(hosting: Hosting, refuses: str, status: int, kind: str) -> None:
    response = failure(hosting, EndpointName=refuses, Body=str(status))
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["Error"]["Code"] == "ModelError"
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"] == "row 3 has 2 columns, not 4"
    assert response["LogStreamArn"] == f"arn:aws:logs:us-east-1:000000000000:log-group:{LOG_GROUP}/{refuses}"
    assert response["Error"]["Message"] == (
        f'Received {kind} error ({status}) from primary with message "row 3 has 2 columns, not 4". '
        "See https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group="
        f"{LOG_GROUP}/{refuses} in account 000000000000 for more information."
    )


def test_a_body_over_the_limit_is_refused(hosting: Hosting, echo: str) -> None:
    limit = 6_291_456
    response = failure(hosting, EndpointName=echo, Body=b"1" * (limit + 1))
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert response["Error"]["Message"] == f"HTTP content length exceeded {limit} bytes."


@pytest.mark.parametrize("member", ["TargetModel", "TargetContainerHostname", "InferenceComponentName", "SessionId"])
def test_unsupported_fields_are_refused_by_name(hosting: Hosting, echo: str, member: str) -> None:
    error = failure(hosting, EndpointName=echo, Body="1", **{member: "one"})["Error"]
    assert error["Code"] == "NotImplemented"
    assert error["Message"] == f"The local cloud does not implement InvokeEndpoint with {member}"


def test_invocations_errors_and_latencies_are_metrics_of_the_variant(hosting: Hosting) -> None:
    hosting.deploy("measured", REFUSES)
    for status in ("200", "200", "200", "400", "500"):
        if status == "200":
            hosting.ask("measured", status)
        else:
            failure(hosting, EndpointName="measured", Body=status)
    cloudwatch, now = hosting.cloud.client("cloudwatch"), datetime.now(UTC)

    def statistics(metric: str) -> dict:
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[
                {"Name": "EndpointName", "Value": "measured"},
                {"Name": "VariantName", "Value": "AllTraffic"},
            ],
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=10),
            Period=3600,
            Statistics=["Sum", "Average", "Maximum"],
        )["Datapoints"]
        return points[0] if points else {"Sum": 0}

    until(lambda: statistics("Invocations")["Sum"] == 5)
    assert statistics("Invocation4XXErrors")["Sum"] == 1
    assert statistics("Invocation5XXErrors")["Average"] == pytest.approx(0.2)
    for latency in ("ModelLatency", "OverheadLatency"):
        assert 10 < statistics(latency)["Maximum"] < 5_000_000
        assert statistics(latency)["Unit"] == "Microseconds"


def test_the_aws_command_line_gets_the_same_response(hosting: Hosting, echo: str, tmp_path: Path) -> None:
    (tmp_path / "body").write_text("1,2")
    command = ["sagemaker-runtime", "invoke-endpoint", "--endpoint-name", echo, "--body", "fileb://body", "answer"]
    environment = {**os.environ, **hosting.cloud.environment}
    done = subprocess.run(
        [sys.executable, "-m", "awscli", *command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["InvokedProductionVariant"] == "AllTraffic"
    assert json.loads((tmp_path / "answer").read_text())["body"] == "1,2"
