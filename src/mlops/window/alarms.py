"""CloudWatch's alarms and their states."""

from __future__ import annotations

from typing import Any

from mlops.aws import paging
from mlops.aws.session import Session
from mlops.window.times import iso

# Autoscaling makes and reads alarms of its own: one that is on has no fault to tell.
_OF_AUTOSCALING = "TargetTracking-"
_ORDER = {"ALARM": 0, "INSUFFICIENT_DATA": 1, "OK": 2}
_SIGNS = {
    "GreaterThanOrEqualToThreshold": "≥",
    "GreaterThanThreshold": ">",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}


def collect(session: Session) -> list[dict[str, Any]]:
    """The metric alarms, those that are on first; autoscaling's own come last."""
    found = paging.items(session.client("cloudwatch"), "describe_alarms", "MetricAlarms")
    return sorted(map(_alarm, found), key=lambda alarm: (alarm["scales"], _ORDER.get(alarm["state"], 1), alarm["name"]))


def _alarm(alarm: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": alarm["AlarmName"],
        "scales": alarm["AlarmName"].startswith(_OF_AUTOSCALING),
        "state": alarm["StateValue"],
        "description": alarm.get("AlarmDescription", ""),
        "reason": alarm.get("StateReason", ""),
        "since": iso(alarm.get("StateUpdatedTimestamp")),
        "rule": _rule(alarm),
    }


def _rule(alarm: dict[str, Any]) -> str:
    """Such as: Sum of Invocation5XXErrors ≥ 5 in 1 of 1 × 60 s."""
    if "MetricName" not in alarm:
        return ""
    periods = alarm.get("EvaluationPeriods", 1)
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "")
    sign = _SIGNS.get(alarm["ComparisonOperator"], alarm["ComparisonOperator"])
    return (
        f"{statistic} of {alarm['MetricName']} {sign} {alarm.get('Threshold', 0):,.10g} "
        f"in {alarm.get('DatapointsToAlarm', periods)} of {periods} × {alarm.get('Period', 60)} s"
    )
