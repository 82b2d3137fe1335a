"""Serverless endpoints: a container on demand, a bound on requests at a time, and what SageMaker does not offer for them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hosting import DIES_AT_START, PING_FAILED, Hosting, alive, refusal, says
from waiting import until

PROCESS = """
import os
from server import serve
serve(lambda body, headers: (200, {}, str(os.getpid())))
"""
# A request waits until the file that it names exists, and has made one that shows its arrival.
WAITS = """
import os, pathlib, time
from server import serve
def answer(body, headers):
    opened = pathlib.Path(body.decode())
    opened.with_suffix(".arrived").touch()
    while not opened.exists():
        time.sleep(0.01)
    return 200, {}, str(os.getpid())
serve(answer)
"""
LARGE = """
from server import serve
serve(lambda body, headers: (200, {}, "1" * int(body)))
"""
MOST_BYTES = 4 * 1024 * 1024
CONFIG = {"MemorySizeInMB": 2048, "MaxConcurrency": 2}


def variant(model: str, **changes: Any) -> dict:
    """A serverless production variant; `changes` are of ServerlessConfig."""
    return {"VariantName": "AllTraffic", "ModelName": model, "ServerlessConfig": {**CONFIG, **changes}}


def deploy(hosting: Hosting, name: str, program: str, **changes: Any) -> dict:
    """A serverless endpoint that runs `program`; its description once it is stable."""
    hosting.model(name, program)
    hosting.configuration(name, variant(name, **changes))
    return hosting.up(name)


def measured(hosting: Hosting, endpoint: str, metric: str, statistic: str = "SampleCount") -> float:
    dimensions = {"EndpointName": endpoint, "VariantName": "AllTraffic"}
    return sum(hosting.cloud.values("AWS/SageMaker", metric, statistic, dimensions))


def test_a_serverless_endpoint_serves_its_model_and_is_described_without_instances(hosting: Hosting) -> None:
    endpoint = deploy(hosting, "serverless", says("12.5"))
    assert endpoint["EndpointStatus"] == "InService"
    [described] = endpoint["ProductionVariants"]
    assert described["CurrentServerlessConfig"] == described["DesiredServerlessConfig"] == CONFIG
    assert "CurrentInstanceCount" not in described
    assert hosting.ask("serverless") == "12.5"
    until(lambda: measured(hosting, "serverless", "Invocations"))
    assert measured(hosting, "serverless", "InvocationsPerInstance") == 0


@pytest.mark.acceptance
def test_an_idle_container_ends_and_the_next_request_starts_another(hosting: Hosting) -> None:
    deploy(hosting, "serverless-idle", PROCESS)
    first = hosting.ask("serverless-idle")
    until(lambda: not alive(first))
    assert hosting.ask("serverless-idle") != first
    start = until(lambda: measured(hosting, "serverless-idle", "ModelSetupTime", "Maximum"))
    until(lambda: measured(hosting, "serverless-idle", "OverheadLatency", "Maximum") >= start)


@pytest.mark.acceptance
def test_provisioned_concurrency_keeps_the_container(hosting: Hosting) -> None:
    deploy(hosting, "serverless-provisioned", PROCESS, ProvisionedConcurrency=1)
    deploy(hosting, "serverless-forgotten", PROCESS)
    kept, ended = hosting.ask("serverless-provisioned"), hosting.ask("serverless-forgotten")
    until(lambda: not alive(ended))
    assert hosting.ask("serverless-provisioned") == kept


def test_more_requests_at_a_time_than_the_concurrency_are_throttled(hosting: Hosting, tmp_path: Path) -> None:
    deploy(hosting, "serverless-throttled", WAITS, MaxConcurrency=2)
    files = [tmp_path / f"{number}.open" for number in range(2)]
    with ThreadPoolExecutor() as clients:
        requests = [clients.submit(hosting.ask, "serverless-throttled", str(file)) for file in files]
        until(lambda: all(file.with_suffix(".arrived").exists() for file in files))
        once = hosting.cloud.client("sagemaker-runtime", config=Config(retries={"total_max_attempts": 1}))
        code, message = refusal(once.invoke_endpoint, EndpointName="serverless-throttled", Body=str(files[0]))
        for file in files:
            file.touch()
        assert all(request.result() for request in requests)
    assert (code, message) == ("ThrottlingException", "Rate exceeded")
    assert hosting.ask("serverless-throttled", str(files[0]))
    until(
        lambda: measured(hosting, "serverless-throttled", "ServerlessConcurrentExecutionsUtilization", "Maximum") == 1.0
    )


@pytest.mark.acceptance
def test_requests_that_come_at_a_cold_start_share_it(hosting: Hosting, tmp_path: Path) -> None:
    deploy(hosting, "serverless-cold", WAITS, MaxConcurrency=8)
    opened = tmp_path / "opened"
    opened.touch()
    first = hosting.ask("serverless-cold", str(opened))
    until(lambda: not alive(first))
    files = [tmp_path / f"{number}.open" for number in range(4)]
    with ThreadPoolExecutor(len(files)) as clients:
        requests = [clients.submit(hosting.ask, "serverless-cold", str(file)) for file in files]
        until(lambda: all(file.with_suffix(".arrived").exists() for file in files))
        for file in files:
            file.touch()
        [second] = {request.result() for request in requests}
    assert second != first


def test_requests_and_responses_have_at_most_4_mib(hosting: Hosting) -> None:
    deploy(hosting, "serverless-large", LARGE)
    assert hosting.ask("serverless-large", str(MOST_BYTES)) == "1" * MOST_BYTES
    code, message = refusal(
        hosting.runtime.invoke_endpoint, EndpointName="serverless-large", Body=b"1" * (MOST_BYTES + 1)
    )
    assert (code, message) == ("413", f"HTTP content length exceeded {MOST_BYTES} bytes.")
    with pytest.raises(ClientError, match="is larger than 4194304"):
        hosting.ask("serverless-large", str(MOST_BYTES + 1))


def test_a_container_that_does_not_start_fails_the_endpoint(hosting: Hosting) -> None:
    endpoint = deploy(hosting, "serverless-unstartable", DIES_AT_START)
    assert (endpoint["EndpointStatus"], endpoint["FailureReason"]) == ("Failed", PING_FAILED)


def test_an_update_replaces_the_container_and_a_deletion_ends_it(hosting: Hosting) -> None:
    deploy(hosting, "serverless-updated", PROCESS)
    first = hosting.ask("serverless-updated")
    hosting.model("serverless-updated-2", PROCESS)
    hosting.configuration("serverless-updated-2", variant("serverless-updated-2", MaxConcurrency=3))
    described = hosting.update("serverless-updated", "serverless-updated-2")
    assert described["ProductionVariants"][0]["CurrentServerlessConfig"]["MaxConcurrency"] == 3
    second = hosting.ask("serverless-updated")
    assert second != first and not alive(first)
    hosting.delete("serverless-updated")
    assert not alive(second)


def test_an_endpoint_with_instances_does_not_become_serverless_but_the_reverse_is_possible(hosting: Hosting) -> None:
    hosting.deploy("serverless-instances", says("1"))
    deploy(hosting, "serverless-without", says("2"))
    code, message = refusal(
        hosting.sagemaker.update_endpoint, EndpointName="serverless-instances", EndpointConfigName="serverless-without"
    )
    assert code == "ValidationException"
    assert "cannot be updated to a serverless one" in message
    assert (
        hosting.update("serverless-without", "serverless-instances")["ProductionVariants"][0]["CurrentInstanceCount"]
        == 1
    )
    assert hosting.ask("serverless-without") == "1"


CAPTURE = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://test-bucket/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
REFUSED: dict[str, tuple[dict, dict, str]] = {
    "a memory size between two": ({"MemorySizeInMB": 1500}, {}, "valid values are 1024, 2048, 3072, 4096, 5120, 6144"),
    "too much memory": ({"MemorySizeInMB": 8192}, {}, "6144"),
    "too much concurrency": ({"MaxConcurrency": 201}, {}, "200"),
    "more provisioned than there is": ({"ProvisionedConcurrency": 3}, {}, "at most MaxConcurrency"),
    "data capture": ({}, {"DataCaptureConfig": CAPTURE}, "DataCaptureConfig is not supported"),
}


@pytest.mark.parametrize(("settings", "members", "message"), REFUSED.values(), ids=REFUSED)
def test_a_configuration_that_sagemaker_refuses_is_refused(
    hosting: Hosting, of_nothing: str, settings: dict, members: dict, message: str
) -> None:
    create, variants = hosting.sagemaker.create_endpoint_config, [variant(of_nothing, **settings)]
    code, found = refusal(create, EndpointConfigName="serverless-refused", ProductionVariants=variants, **members)
    assert code == "ValidationException" and message in found


def test_instances_and_a_second_variant_are_refused(hosting: Hosting, of_nothing: str) -> None:
    create, serverless = hosting.sagemaker.create_endpoint_config, variant(of_nothing)
    both = {**serverless, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    assert (
        "InstanceType and InitialInstanceCount is not allowed"
        in (refusal(create, EndpointConfigName="serverless-both", ProductionVariants=[both])[1])
    )
    second = {**serverless, "VariantName": "Second"}
    assert refusal(create, EndpointConfigName="serverless-two", ProductionVariants=[serverless, second]) == (
        "ValidationException",
        "An endpoint with ServerlessConfig has one production variant",
    )


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("VpcConfig", {"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}),
        ("EnableNetworkIsolation", {"EnableNetworkIsolation": True}),
    ],
)
def test_a_model_in_a_vpc_or_isolated_is_refused(hosting: Hosting, name: str, members: dict) -> None:
    model = name.lower()
    hosting.sagemaker.create_model(**hosting.model_request(model), **members)
    code, message = refusal(
        hosting.sagemaker.create_endpoint_config, EndpointConfigName=model, ProductionVariants=[variant(model)]
    )
    assert code == "ValidationException"
    assert f"has {name}, which is not supported for serverless endpoints" in message


def test_instances_of_a_serverless_endpoint_can_be_neither_set_nor_scaled(hosting: Hosting, of_nothing: str) -> None:
    deploy(hosting, "serverless-unscaled", says("1"))
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    change = hosting.sagemaker.update_endpoint_weights_and_capacities
    assert (
        "it has no instances"
        in refusal(change, EndpointName="serverless-unscaled", DesiredWeightsAndCapacities=desired)[1]
    )
    register = hosting.cloud.client("application-autoscaling").register_scalable_target
    code, message = refusal(
        register,
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/serverless-unscaled/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=2,
    )
    assert code == "ValidationException" and "is serverless" in message


@pytest.fixture(scope="module")
def of_nothing(hosting: Hosting) -> str:
    """A model that no test runs."""
    hosting.model("serverless-of-nothing", "")
    return "serverless-of-nothing"
