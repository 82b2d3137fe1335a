"""CloudWatch alarms: by dimension, by period, with missing data, in the cloud's scale of time."""

from typing import Any

import pytest
from harness import Cloud
from waiting import until


@pytest.fixture
def cloudwatch(cloud: Cloud):
    return cloud.client("cloudwatch")


def put_alarm(cloudwatch, name: str, **members: Any) -> None:
    request = {
        "Namespace": "Tests",
        "MetricName": name,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 3,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    cloudwatch.put_metric_alarm(AlarmName=name, **request | members)


def put(cloudwatch, metric: str, value: float, **dimensions: str) -> None:
    named = [{"Name": name, "Value": text} for name, text in dimensions.items()]
    data = {"MetricName": metric, "Value": value, "Dimensions": named}
    cloudwatch.put_metric_data(Namespace="Tests", MetricData=[data])


def state(cloudwatch, name: str) -> str:
    return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]


def test_alarm_is_active_above_its_threshold_and_ends_without_data(cloudwatch) -> None:
    put_alarm(cloudwatch, "on-and-off")
    put(cloudwatch, "on-and-off", 4)
    until(lambda: state(cloudwatch, "on-and-off") == "ALARM")
    assert until(lambda: state(cloudwatch, "on-and-off") == "OK")


def test_an_alarm_sees_the_metric_with_its_own_dimensions_only(cloudwatch) -> None:
    mine = {"Dimensions": [{"Name": "Version", "Value": "2"}]}
    put_alarm(cloudwatch, "mine", MetricName="shared", **mine)
    put_alarm(cloudwatch, "all-of-them", MetricName="shared")
    put(cloudwatch, "shared", 9, Version="1")
    put(cloudwatch, "shared", 9)
    until(lambda: state(cloudwatch, "all-of-them") == "ALARM")
    assert state(cloudwatch, "mine") == "OK"


def test_values_below_the_threshold_add_up_within_a_period(cloudwatch) -> None:
    put_alarm(cloudwatch, "added", Period=600)
    for _ in range(3):
        put(cloudwatch, "added", 1)
    assert until(lambda: state(cloudwatch, "added") == "ALARM")


def test_a_percentile_is_judged_as_one(cloudwatch) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName="slow",
        Namespace="Tests",
        MetricName="slow",
        ExtendedStatistic="p99",
        Period=600,
        EvaluationPeriods=1,
        Threshold=50,
        ComparisonOperator="GreaterThanThreshold",
    )
    put(cloudwatch, "slow", 10)
    until(lambda: state(cloudwatch, "slow") == "OK")
    put(cloudwatch, "slow", 1000)
    assert until(lambda: state(cloudwatch, "slow") == "ALARM")


@pytest.mark.parametrize(
    ("treatment", "expected"),
    [("breaching", "ALARM"), ("notBreaching", "OK"), ("missing", "INSUFFICIENT_DATA"), ("ignore", "INSUFFICIENT_DATA")],
)
def test_missing_data_are_treated_as_configured(cloudwatch, treatment: str, expected: str) -> None:
    put_alarm(cloudwatch, f"missing-{treatment}", TreatMissingData=treatment)
    # A new alarm has insufficient data: its first state shows when it was evaluated.
    put_alarm(cloudwatch, f"missing-{treatment}-judged", TreatMissingData="breaching")
    until(lambda: state(cloudwatch, f"missing-{treatment}-judged") == "ALARM")
    assert state(cloudwatch, f"missing-{treatment}") == expected
