"""Dashboards: what CloudWatch refuses is refused, in a call and in a stack."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from harness import Cloud
from waiting import until

METRIC = {
    "type": "metric",
    "x": 0,
    "y": 0,
    "width": 12,
    "height": 6,
    "properties": {"region": "us-east-1", "period": 60, "metrics": [["AWS/Lambda", "Errors", "FunctionName", "f"]]},
}


def widget(**changes: Any) -> str:
    return json.dumps({"widgets": [{**METRIC, **changes}]})


def properties(**changes: Any) -> str:
    return widget(properties={**METRIC["properties"], **changes})


def test_a_dashboard_is_returned_as_it_was_put(cloud: Cloud) -> None:
    client, name, body = cloud.client("cloudwatch"), f"d-{uuid4().hex[:8]}", widget()
    client.put_dashboard(DashboardName=name, DashboardBody=body)
    assert json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"]) == json.loads(body)
    client.delete_dashboards(DashboardNames=[name])
    with pytest.raises(ClientError, match="does not exist"):
        client.get_dashboard(DashboardName=name)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("{", "not JSON"),
        ("[]", "/widgets"),
        ("{}", "/widgets"),
        (widget(type="graph"), "/widgets/0/type"),
        (widget(width=25), "/widgets/0/width"),
        (widget(height=0), "/widgets/0/height"),
        (widget(x="left"), "/widgets/0/x"),
        (widget(properties=None), "/widgets/0/properties"),
        (widget(type="text"), "markdown"),
        (widget(type="alarm"), "alarms"),
        (properties(region=None), "/widgets/0/properties/region"),
        (properties(period=61), "/widgets/0/properties/period"),
        (properties(metrics=[["AWS/Lambda", "Errors", "FunctionName"]]), "/widgets/0/properties/metrics/0"),
        (properties(metrics=[[{"label": "x"}]]), "/widgets/0/properties/metrics/0"),
        (json.dumps({"widgets": [METRIC] * 501}), "500"),
    ],
)
def test_a_wrong_body_is_refused_with_its_fault(cloud: Cloud, body: str, fault: str) -> None:
    client, name = cloud.client("cloudwatch"), f"d-{uuid4().hex[:8]}"
    with pytest.raises(ClientError) as caught:
        client.put_dashboard(DashboardName=name, DashboardBody=body)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterInput"
    assert fault in str(caught.value)
    assert name not in [each["DashboardName"] for each in client.list_dashboards()["DashboardEntries"]]


@pytest.mark.parametrize(("body", "status"), [(widget(), "CREATE_COMPLETE"), (widget(width=25), "ROLLBACK_COMPLETE")])
def test_a_stack_makes_a_dashboard_that_cloudwatch_accepts(cloud: Cloud, body: str, status: str) -> None:
    client, name = cloud.client("cloudformation"), f"d-{uuid4().hex[:8]}"
    resource = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardName": name, "DashboardBody": body}}
    client.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Dashboard": resource}}))

    def ended() -> str:
        found = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return "" if found.endswith("IN_PROGRESS") else found

    assert until(ended) == status
    names = [each["DashboardName"] for each in cloud.client("cloudwatch").list_dashboards()["DashboardEntries"]]
    assert (name in names) == (status == "CREATE_COMPLETE")
