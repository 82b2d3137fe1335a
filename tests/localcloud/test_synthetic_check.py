"""The synthetic check in the local cloud: its schedule, its metrics, its alarm, and how its requests are captured."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from api_production import ApiProduction, open_project, predicts
from hosting import Hosting
from waiting import until

pytestmark = pytest.mark.acceptance

EXECUTION = "00000001-1111"


@pytest.fixture(scope="module")
def opened(hosting: Hosting) -> Iterator[Callable[..., ApiProduction]]:
    """Opens projects with a release whose API is checked by a schedule, every five seconds here."""
    projects = []

    def release(**api: Any) -> ApiProduction:
        project = open_project(hosting, f"check-{uuid.uuid4().hex[:6]}", **api)
        projects.append(project)
        checks = {"SyntheticSchedule": "rate(5 minutes)", "SyntheticAlarmSeconds": 600}
        captures = {"InitialSamplingPercentage": 100, "CaptureUri": f"s3://{project.bucket}/capture"}
        assert project.deploy(project.parameters(1, predicts(2.0), 2.0, **checks, **captures)) == "CREATE_COMPLETE"
        return project

    yield release
    for project in projects:
        project.production.delete()


@pytest.fixture(scope="module")
def project(opened: Callable[..., ApiProduction]) -> ApiProduction:
    return opened()


def results(project: ApiProduction, statistic: str) -> list[float]:
    """The results of the checks: 1 for a success, 0 for a failure."""
    return project.hosting.cloud.values(f"mlops/{project.project}", "SyntheticSuccess", statistic)


def expect(project: ApiProduction, prediction: float) -> None:
    """Write other golden rows, as if the model in production predicted something else."""
    golden = {"rows": ["1,2"], "instances": [[1, 2]], "predictions": [prediction], "tolerance": 1e-5}
    key = f"executions/{EXECUTION}/golden/rows.json"
    project.hosting.cloud.client("s3").put_object(Bucket=project.bucket, Key=key, Body=json.dumps(golden))


def alarm(project: ApiProduction) -> str:
    return project.alarms()[f"{project.project}-production-synthetic"]


def captured(project: ApiProduction) -> list[dict[str, Any]]:
    """The metadata of all captured records."""
    s3 = project.hosting.cloud.client("s3")
    listed = s3.list_objects_v2(Bucket=project.bucket, Prefix="capture/").get("Contents", [])
    bodies = [s3.get_object(Bucket=project.bucket, Key=each["Key"])["Body"].read() for each in listed]
    return [json.loads(line)["eventMetadata"] for body in bodies for line in body.splitlines()]


def test_success_and_latency_are_metrics_and_the_alarm_is_off(project: ApiProduction) -> None:
    until(lambda: alarm(project) == "OK")
    assert max(results(project, "Maximum")) == 1.0
    assert min(project.hosting.cloud.values(f"mlops/{project.project}", "SyntheticLatency", "Minimum")) > 0


def test_no_record_of_a_check_is_one_of_a_client(project: ApiProduction) -> None:
    project.ask()
    records = until(lambda: (found := captured(project)) and any("inferenceId" not in each for each in found) and found)
    # The hook before traffic has called the endpoint and the function with golden rows too.
    assert [each.get("inferenceId") for each in records if "inferenceId" in each] == ["synthetic"] * (len(records) - 1)
    assert len(records) > 1


def test_the_alarm_rings_while_predictions_differ_from_the_golden_rows(project: ApiProduction) -> None:
    expect(project, 3.0)
    until(lambda: alarm(project) == "ALARM")
    assert min(results(project, "Minimum")) == 0.0
    expect(project, 2.0)
    until(lambda: alarm(project) == "OK")


def test_a_check_uses_the_apis_key_where_clients_do(opened: Callable[..., ApiProduction]) -> None:
    project = opened(Authentication="API_KEY")
    project.hosting.cloud.client("lambda").invoke(FunctionName=f"{project.project}-synthetic", Payload=b"{}")
    assert min(results(project, "Minimum")) == 1.0
    assert project.ask().status == 403, "a signature is not enough"


def test_without_a_schedule_nothing_is_checked(opened: Callable[..., ApiProduction]) -> None:
    project = opened()
    parameters = project.parameters(2, predicts(2.0), 2.0)
    assert project.deploy(parameters) == "UPDATE_COMPLETE"
    assert f"{project.project}-production-synthetic" not in project.alarms()
    rules = project.hosting.cloud.client("events").list_rules(NamePrefix=project.project)["Rules"]
    assert rules == []
