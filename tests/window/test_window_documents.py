"""What the window's documents say of AWS's answers."""

from datetime import timedelta

import pytest

from mlops.window import alarms, arithmetic, dashboards, jobs, searches, serving
from mlops.window.times import Ended


def test_an_alias_with_weights_shares_its_requests() -> None:
    alias = {"FunctionVersion": "3", "RoutingConfig": {"AdditionalVersionWeights": {"4": 0.1}}}
    assert serving.shares(alias) == [{"version": "3", "share": 0.9}, {"version": "4", "share": 0.1}]


def test_an_alias_without_weights_leads_to_one_version() -> None:
    assert serving.shares({"FunctionVersion": "3"}) == [{"version": "3", "share": 1.0}]


def test_a_curve_has_the_values_of_the_log_in_their_order() -> None:
    definitions = [{"Name": "validation:rmse", "Regex": r"rmse=(\S+)"}, {"Name": "absent", "Regex": r"auc=(\S+)"}]
    lines = ["[0] rmse=9.5", "noise", "[1] rmse=nan", "[2] rmse=inf", "[3] rmse=7.25"]
    assert jobs.curves_of(lines, definitions) == {"validation:rmse": [9.5, 7.25], "absent": []}


def test_a_long_curve_is_thinned_and_keeps_its_last_value() -> None:
    values = [float(each) for each in range(2001)]
    thinned = jobs.thinned(values)
    assert len(thinned) <= 400
    assert thinned[-1] == 2000.0
    assert thinned == sorted(thinned)
    assert jobs.thinned(values[:10]) == values[:10]


def test_what_has_ended_is_asked_for_once() -> None:
    answers = iter(["runs", "ended", "never"])
    ended = Ended()

    def ask() -> str:
        return ended.get(("job",), lambda: next(answers), ended=lambda answer: answer == "ended")

    assert [ask(), ask(), ask(), ask()] == ["runs", "ended", "ended", "ended"]


def test_alarms_that_are_on_come_first_and_those_of_autoscaling_last() -> None:
    alarm = {
        "AlarmName": "b",
        "StateValue": "OK",
        "MetricName": "ModelLatency",
        "ExtendedStatistic": "p99",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 200000.0,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Period": 60,
    }

    class Pages:
        def get_paginator(self, _: str) -> "Pages":
            return self

        def paginate(self) -> list[dict]:
            others = [{**alarm, "AlarmName": name, "StateValue": "ALARM"} for name in ("TargetTracking-a", "c")]
            return [{"MetricAlarms": [alarm]}, {"MetricAlarms": others}]

    class Session:
        def client(self, _: str) -> Pages:
            return Pages()

    found = alarms.collect(Session())
    assert [each["name"] for each in found] == ["c", "b", "TargetTracking-a"]
    assert found[0]["rule"] == "p99 of ModelLatency > 200,000 in 2 of 3 × 60 s"


@pytest.mark.parametrize(
    ("start", "span"),
    [
        ("-PT6H", timedelta(hours=6)),
        ("-P7D", timedelta(days=7)),
        ("-P1DT30M", timedelta(days=1, minutes=30)),
        ("", timedelta(hours=3)),
        ("2026-01-01T00:00:00Z", timedelta(hours=3)),
    ],
)
def test_a_dashboard_begins_where_its_start_says(start: str, span: timedelta) -> None:
    assert dashboards.duration(start) == span


def test_short_forms_of_a_widgets_metrics_are_written_out() -> None:
    metrics = [
        ["AWS/SageMaker", "ModelLatency", "EndpointName", "one", "VariantName", "all", {"stat": "p50"}],
        ["...", {"stat": "p99"}],
        [".", "Invocations", ".", ".", ".", "some"],
        ["...", "VariantName", "none"],
        [{"expression": "m1 / m2"}],
    ]
    written = [names for names, _ in dashboards.rows(metrics)]
    assert written == [
        ["AWS/SageMaker", "ModelLatency", "EndpointName", "one", "VariantName", "all"],
        ["AWS/SageMaker", "ModelLatency", "EndpointName", "one", "VariantName", "all"],
        ["AWS/SageMaker", "Invocations", "EndpointName", "one", "VariantName", "some"],
        ["AWS/SageMaker", "Invocations", "EndpointName", "one", "VariantName", "none"],
        [],
    ]


def test_arithmetic_of_metrics_is_computed_where_all_have_values() -> None:
    series = {"requests": [[60, 10.0], [120, 8.0], [180, 3.0]], "each": [[60, 5.0], [120, 0.0]]}
    assert arithmetic.computed("requests / each", series) == [[60, 2.0]]
    assert arithmetic.computed("100 * (requests - each)", series) == [[60, 500.0], [120, 800.0]]


@pytest.mark.parametrize(
    "expression",
    ["SEARCH('{AWS/Lambda} Errors', 'Sum')", "requests ** 99", "other / 2", "1 + 1", "requests.real", "", "(" * 300],
)
def test_other_expressions_are_left_to_cloudwatch(expression: str) -> None:
    assert arithmetic.computed(expression, {"requests": [[60, 10.0]]}) is None


@pytest.mark.parametrize(("minutes", "period"), [(15, 180), (1, 60), (60, 900), (360, 5400)])
def test_a_chart_has_at_least_four_periods_unless_they_would_be_shorter_than_a_minute(
    minutes: int, period: int
) -> None:
    assert dashboards._longest_period(timedelta(minutes=minutes)) == period


@pytest.mark.parametrize(
    ("expression", "supported"),
    [
        ("""SEARCH('{"mlops/taxi-fares",Feature} MetricName="Drift"', 'Maximum', 3600)""", True),
        ("SEARCH('{AWS/EC2,InstanceId} MetricName=\"CPUUtilization\" InstanceId=\"i-1\"', 'Average')", True),
        ("SEARCH('{AWS/EC2,InstanceId} CPUUtilization', 'Average')", False),
        ("SEARCH('{AWS/EC2,InstanceId} MetricName=\"a\" OR MetricName=\"b\"', 'Average')", False),
        ("FILL(SEARCH('{AWS/EC2,InstanceId} MetricName=\"a\"', 'Maximum', 60), 0)", True),
        ("FILL(SEARCH('{AWS/EC2,InstanceId} MetricName=\"a\"', 'Maximum', 60), REPEAT)", False),
        ("FILL(SEARCH('{AWS/EC2,InstanceId} MetricName=\"a\"', 'Maximum', 60)", False),
        ("SEARCH('{AWS/EC2,InstanceId} MetricName=\"a\"', 'Maximum', 60), 0)", False),
        ("100*captured/requests", False),
    ],
)
def test_only_searches_by_a_schema_and_exact_terms_are_supported(expression: str, supported: bool) -> None:
    assert searches.is_search(expression) is supported


def test_a_series_is_filled_where_no_value_was_published_unless_it_has_none() -> None:
    assert searches.filled([[120.0, 1.0]], 0.0, 60, 1, 245) == [[60, 0.0], [120, 1.0], [180, 0.0], [240, 0.0]]
    assert searches.filled([], 0.0, 60, 1, 245) == []
