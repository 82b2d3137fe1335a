"""CloudWatch's metric alarms, evaluated several times a second, with periods in the cloud's time scale.

Source: Amazon CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data".
"""

import logging
import operator
import threading
import time

from mlops.localcloud import context
from mlops.localcloud.cloudwatch import metrics
from mlops.localcloud.ministack import cloudwatch

logger = logging.getLogger(__name__)

_EVALUATION_SECONDS = 0.25
# A period must be long enough to contain requests, whatever the time scale.
_MIN_PERIOD_SECONDS = 1.0
# Metrics with one value per request. Settings describes how they are counted.
_REQUESTS = {
    ("AWS/SageMaker", "Invocations"),
    ("AWS/SageMaker", "InvocationsPerInstance"),
    ("AWS/Lambda", "Invocations"),
    ("AWS/ApiGateway", "Count"),
}
_COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def install() -> None:
    """Evaluate alarms when metrics arrive, and in the background."""
    cloudwatch.replace_evaluation(evaluate)
    stopped = threading.Event()
    context.on_shutdown(stopped.set)
    threading.Thread(target=_keep_evaluating, args=(stopped,), daemon=True, name="alarms").start()


def active(names: list[str]) -> list[str]:
    """Which of these alarms are in ALARM now, evaluated on all values up to now."""
    metrics.publish()
    alarms = {alarm["AlarmName"]: alarm for alarm in cloudwatch.alarms()}
    for name in names:
        if name in alarms:
            evaluate(alarms[name])
    return [name for name in names if alarms.get(name, {}).get("StateValue") == "ALARM"]


def missing(names: list[str]) -> list[str]:
    """Which of these alarms do not exist."""
    known = {alarm["AlarmName"] for alarm in cloudwatch.alarms()}
    return [name for name in names if name not in known]


def average(name: str) -> float | None:
    """The average over the periods of an alarm that have data. None when it has none, or does not exist."""
    match = next((alarm for alarm in cloudwatch.alarms() if alarm["AlarmName"] == name), None)
    present = [value for value in _values(match) if value is not None] if match else []
    return sum(present) / len(present) if present else None


def evaluate(alarm: dict) -> None:
    """Evaluate the alarm's periods up to now and change its state. Composite alarms and metric math keep theirs."""
    compare = _COMPARISONS.get(alarm.get("ComparisonOperator", ""))
    if not alarm.get("MetricName") or compare is None:
        return
    values = _values(alarm)
    present = [value for value in values if value is not None]
    required = int(alarm.get("DatapointsToAlarm") or len(values))
    treatment = alarm.get("TreatMissingData") or "missing"
    breaching = sum(bool(compare(value, float(alarm["Threshold"]))) for value in present)
    if not present and treatment == "ignore":
        return
    if not present and treatment == "missing":
        state = "INSUFFICIENT_DATA"
    else:
        breaching += (len(values) - len(present)) * (treatment == "breaching")
        state = "ALARM" if breaching >= required else "OK"
    if state != alarm["StateValue"]:
        shown = ", ".join("no data" if value is None else f"{value:g}" for value in values)
        reason = f"{alarm['MetricName']} of the last {len(values)} periods: {shown}; threshold {alarm['Threshold']}"
        cloudwatch.set_state(alarm, state, reason)


def _values(alarm: dict) -> list[float | None]:
    """The statistic of each period that counts, the latest last."""
    whole = float(alarm.get("Period", 60))
    period = max(_MIN_PERIOD_SECONDS, whole * context.settings.time_scale)
    periods = int(alarm.get("EvaluationPeriods", 1))
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
    now = time.time()
    points = cloudwatch.points(alarm["Namespace"], alarm["MetricName"], dimensions, now - periods * period)
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
    counts_requests = (alarm["Namespace"], alarm["MetricName"]) in _REQUESTS and statistic in ("Sum", "SampleCount")
    factor = max(1.0, whole / period) if counts_requests else 1.0
    values = []
    for number in range(periods, 0, -1):
        begin, end = now - number * period, now - (number - 1) * period
        within = [
            point
            for point in points
            if begin <= point["Timestamp"] < end or (number == 1 and point["Timestamp"] >= end)
        ]
        value = cloudwatch.statistic(statistic, within)
        values.append(value if value is None else value * factor)
    return values


def _keep_evaluating(stopped: threading.Event) -> None:
    while not stopped.wait(_EVALUATION_SECONDS):
        for account, region in cloudwatch.scopes():
            try:
                context.within(account, region, _evaluate_all)
            except Exception:
                logger.exception("The alarms of account %s in %s could not be evaluated", account, region)


def _evaluate_all() -> None:
    for alarm in cloudwatch.alarms():
        evaluate(alarm)
