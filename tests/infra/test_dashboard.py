"""The dashboard that comes with a release to production: CloudWatch accepts it, and it shows what alarms watch."""

import json
from typing import Any

import pytest
from resolving import ARN, VALUES, resolved
from templates import INFRA, template

from mlops.costs import Template
from mlops.localcloud.validation import dashboards
from mlops.window.searches import is_search

ALARMS = ("ErrorsAlarm", "LatencyAlarm", "FunctionErrorsAlarm", "VersionErrorsAlarm")
OF_CHECK = ("SyntheticAlarm",)
OF_ENDPOINT = ("EndpointErrorsAlarm", "EndpointLatencyAlarm")
KNOWN = {
    **VALUES,
    **{name: ARN.format(service="cloudwatch", resource=f"alarm:{name}") for name in ALARMS + OF_CHECK + OF_ENDPOINT},
    "EndpointName": "taxi-fares--total-amount-0a1b2c3d",
    "LatencyMicroseconds": "1000000",
    "ErrorsPerMinute": "5",
    "ExecutionId": "0a1b2c3d-0000-0000-0000-000000000000",
    "CommitId": "5f3c9a1",
    "DataVersion": "null",
    "Version": "3",
}


def body(side: int) -> str:
    """The dashboard of a release behind an API that is checked (1), or of an endpoint that clients call (2)."""
    properties = resolved(template("endpoint")["Resources"]["Dashboard"]["Properties"], side, KNOWN)
    separator, parts = properties["DashboardBody"]["Fn::Join"]
    return separator.join(parts)


def widgets(side: int) -> list[dict[str, Any]]:
    return json.loads(body(side))["widgets"]


def metrics(side: int) -> list[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of each metric."""
    rows = [row for widget in widgets(side) for row in widget["properties"].get("metrics", []) if len(row) > 1]
    rows = [row if isinstance(row[-1], dict) else [*row, {}] for row in rows]
    return [(row[0], row[1], dict(zip(row[2:-1:2], row[3:-1:2], strict=True))) for row in rows]


@pytest.mark.parametrize("side", [1, 2])
def test_cloudwatch_accepts_the_body(side: int) -> None:
    assert list(dashboards.violations(body(side))) == []


@pytest.mark.parametrize("side", [1, 2])
def test_no_widget_covers_another_one(side: int) -> None:
    cells = [
        (x, y)
        for each in widgets(side)
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize(("side", "alarms"), [(1, ALARMS + OF_CHECK), (2, OF_ENDPOINT)])
def test_the_alarms_of_production_are_on_it(side: int, alarms: tuple[str, ...]) -> None:
    shown = [alarm for each in widgets(side) if each["type"] == "alarm" for alarm in each["properties"]["alarms"]]
    assert set(shown) >= {KNOWN[name] for name in alarms}
    resources = template("endpoint")["Resources"]
    # In each case only alarms that exist then.
    absent = "UpdatesEndpoint" if side == 1 else "HasApi"
    assert not [arn for arn in shown if resources[arn.rpartition(":")[2]]["Condition"] == absent]


@pytest.mark.parametrize(("side", "absent"), [(1, ("UpdatesEndpoint",)), (2, ("HasApi", "ChecksApi"))])
def test_what_the_alarms_watch_is_drawn(side: int, absent: tuple[str, ...]) -> None:
    alarms = [
        each
        for each in template("endpoint")["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::Alarm" and each["Condition"] not in absent
    ]
    watched = {
        (resolved(each["Properties"]["Namespace"], side, KNOWN), each["Properties"]["MetricName"]) for each in alarms
    }
    assert watched
    assert watched <= {(namespace, name) for namespace, name, _ in metrics(side)}


@pytest.mark.parametrize("memory", ["", "2048"])
def test_a_serverless_endpoint_has_cold_starts_in_place_of_instances(memory: str) -> None:
    parameters = {"ClientsCall": "api", "ServerlessMemorySizeInMB": memory, "LatencyMicroseconds": "1000000"}
    rendered = Template((INFRA / "endpoint.yml").read_text(), {**KNOWN, **parameters})
    [dashboard] = rendered.resources("AWS::CloudWatch::Dashboard")
    _, parts = dashboard["DashboardBody"]["Fn::Join"]
    body = "".join(parts)
    assert list(dashboards.violations(body)) == []
    of_instances, of_serverless = (
        "InvocationsPerInstance" in body and "CPUUtilization" in body,
        "ModelSetupTime" in body and "ServerlessConcurrentExecutionsUtilization" in body,
    )
    assert (of_instances, of_serverless) == (memory == "", memory != "")
    assert body.count("InvocationsPerInstance") == (0 if memory else 2)


def test_a_bound_is_drawn_in_the_metrics_own_unit() -> None:
    latency = next(each for each in widgets(1) if "microseconds" in each["properties"].get("title", ""))
    assert latency["properties"]["annotations"]["horizontal"][0]["value"] == 1_000_000


def test_the_api_is_on_it_only_where_clients_call_it() -> None:
    namespaces = {side: {namespace for namespace, _, _ in metrics(side)} for side in (1, 2)}
    assert {"AWS/ApiGateway", "AWS/Lambda"} <= namespaces[1]
    assert namespaces[2] == {"AWS/SageMaker", "/aws/sagemaker/Endpoints", "mlops/taxi-fares"}


def test_the_line_of_the_release_has_its_version() -> None:
    versions = [dimensions["ExecutedVersion"] for _, _, dimensions in metrics(1) if "ExecutedVersion" in dimensions]
    assert versions == [KNOWN["Version"]]


def searches(side: int) -> set[str]:
    """The expressions that find metrics."""
    rows = [row[0] for widget in widgets(side) for row in widget["properties"].get("metrics", [])]
    return {row["expression"] for row in rows if isinstance(row, dict) and "SEARCH" in row["expression"]}


@pytest.mark.parametrize("side", [1, 2])
def test_deployments_drift_and_quality_are_found_whatever_releases_and_features_there_are(side: int) -> None:
    assert searches(side) == {
        """FILL(SEARCH('{"mlops/taxi-fares",Release} MetricName="Deployment"', 'Maximum', 60), 0)""",
        """SEARCH('{"mlops/taxi-fares",Feature} MetricName="Drift"', 'Maximum', 3600)""",
        """SEARCH('{"mlops/taxi-fares",Metric} MetricName="Quality"', 'Average', 3600)""",
    }
    assert all(is_search(each) for each in searches(side)), "the window draws them too"


def test_metrics_of_monitoring_have_the_names_that_are_published() -> None:
    machine = (INFRA / "monitoring.asl.json").read_text(encoding="utf-8")
    own = {name for namespace, name, _ in metrics(2) if namespace == "mlops/taxi-fares"}
    assert own == {"Records"}
    for name in (*own, "Drift", "Quality"):
        assert f"'{name}'" in machine
    assert '"MetricName": "Deployment"' in (INFRA / "decision.asl.json").read_text(encoding="utf-8")


def test_metrics_of_the_synthetic_check_have_the_names_that_are_published() -> None:
    check = (INFRA.parent / "api" / "synthetic_check.py").read_text(encoding="utf-8")
    own = {name for namespace, name, _ in metrics(1) if namespace == "mlops/taxi-fares"} - {"Records"}
    assert own == {"SyntheticSuccess", "SyntheticLatency"}
    assert all(f'"{name}"' in check for name in own)
