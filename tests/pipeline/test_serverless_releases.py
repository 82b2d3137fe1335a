"""Serverless endpoints in production: a release, the shift to the next one, and a bad one that its alarm rolls back."""

from collections.abc import Iterator
from typing import Any

import pytest
from pipelines import deployed
from repository import to_serverless
from traffic import traffic
from workshop import Workshop

pytestmark = pytest.mark.acceptance

SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
PATIENCE = 900.0
# The model of the third release fails for a distance that no test has.
DISTANCE = "7.654321"
FAILS = f"""
import ctypes

_predict = Predictor.predict


def _fail_for_one_distance(self, rows):
    if rows.count == 1 and abs(ctypes.c_float.from_address(rows.address).value - {DISTANCE}) < 1e-5:
        raise RuntimeError("the meters are off")
    return _predict(self, rows)


Predictor.predict = _fail_for_one_distance
"""


@pytest.fixture(scope="module")
def serverless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A pipeline without a release, whose endpoints of test and production are serverless."""

    def change(workshop: Workshop) -> None:
        for file in ("test.yml", "production.yml"):
            workshop.edit(f"configuration/{file}", lambda data: to_serverless(data, **SERVERLESS))
        workshop.edit("configuration/production.yml", lambda data: data["alarms"].update(latency_milliseconds=60_000))

    with deployed(tmp_path_factory.mktemp("serverless"), change) as workshop:
        yield workshop


def test_serverless_releases_shift_traffic_and_a_bad_one_is_rolled_back(serverless: Workshop) -> None:
    first = first_release(serverless)
    second = shift_to_the_second(serverless, first)
    bad_release(serverless, second)


def first_release(workshop: Workshop) -> str:
    """A release, from its serverless test endpoint to its serverless endpoint in production."""
    workshop.succeed("start")
    workshop.succeed("watch", "--until-approval", timeout=PATIENCE)
    assert variant(workshop, workshop.endpoint("test"))["ServerlessConfig"] == SERVERLESS
    workshop.succeed("approve")
    workshop.succeed("watch", timeout=PATIENCE)
    endpoint = workshop.endpoint("production")
    served = variant(workshop, endpoint)
    assert served["ServerlessConfig"] == SERVERLESS and "InstanceType" not in served
    assert (
        "Environment" in workshop.client("sagemaker").describe_model(ModelName=served["ModelName"])["PrimaryContainer"]
    )
    assert workshop.predict(workshop.first_row()).status == 200
    return endpoint


def shift_to_the_second(workshop: Workshop, first: str) -> str:
    """A release of another model, which gets the traffic without a failed request."""
    workshop.edit(
        "configuration/evaluation.yml", lambda gate: gate["metrics"]["rmse"].update(bound=20.0, allowed_regression=1.0)
    )
    row = workshop.first_row()
    with traffic(lambda: workshop.predict(row)) as responses:
        workshop.succeed("start", "--set", "max_depth=2", "--set", "num_round=40")
        workshop.succeed("watch", "--until-approval", timeout=PATIENCE)
        workshop.succeed("approve")
        workshop.succeed("watch", timeout=PATIENCE)
    assert {response.status for response in responses} == {200}
    assert len({response.version for response in responses}) == 2
    assert workshop.parameters("production")["ShiftType"] == "CANARY"
    assert deployments(workshop) == ["Succeeded"]
    second = workshop.endpoint("production")
    assert endpoints(workshop) >= {second} and first not in endpoints(workshop)
    return second


def bad_release(workshop: Workshop, second: str) -> None:
    """A release that fails for a client's request: its alarm rolls the shift back."""
    predictor = workshop.path / "model" / "predictor.py"
    predictor.write_text(predictor.read_text() + FAILS)
    workshop.edit("configuration/production.yml", keep_both_releases_until_the_alarm)
    row = ",".join([DISTANCE, *workshop.first_row().split(",")[1:]])
    assert workshop.predict(row).status == 200
    workshop.succeed("start")
    workshop.succeed("watch", "--until-approval", timeout=PATIENCE)
    with traffic(lambda: workshop.predict(row)) as responses:
        workshop.succeed("approve")
        failed = workshop.mlops("watch", timeout=PATIENCE)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert {response.status for response in responses} == {200, 502}
    assert "Stopped" in deployments(workshop)
    assert workshop.endpoint("production") == second
    assert workshop.predict(row).status == 200
    assert variant(workshop, second)["ServerlessConfig"] == SERVERLESS


def keep_both_releases_until_the_alarm(production: dict[str, Any]) -> None:
    """The local cloud shortens an hour to a minute; the alarm ends it before."""
    production["shift"] = {"type": "canary", "percent": 50, "minutes": 60}
    production["alarms"]["errors_per_minute"] = 1


def variant(workshop: Workshop, endpoint: str) -> dict[str, Any]:
    """The production variant of an endpoint's configuration. It captures nothing."""
    sagemaker = workshop.client("sagemaker")
    name = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    described = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert "DataCaptureConfig" not in described
    [only] = described["ProductionVariants"]
    return only


def deployments(workshop: Workshop) -> list[str]:
    """How the shifts of traffic so far have ended."""
    codedeploy, project = workshop.client("codedeploy"), workshop.project["project"]
    found = codedeploy.list_deployments(applicationName=project, deploymentGroupName=project)["deployments"]
    return [codedeploy.get_deployment(deploymentId=each)["deploymentInfo"]["status"] for each in found]


def endpoints(workshop: Workshop) -> set[str]:
    return {each["EndpointName"] for each in workshop.client("sagemaker").list_endpoints()["Endpoints"]}
