"""ministack's CloudWatch: metrics and alarms."""

from collections.abc import Callable, Iterable


def record(
    namespace: str, name: str, unit: str, dimensions: dict[str, str], values: Iterable[tuple[float, int]]
) -> None:
    """Add values of a metric, each with its count, at this moment."""
    import time

    from ministack.services import cloudwatch

    bucket = cloudwatch._metric_bucket((namespace, name, cloudwatch._dims_key(dimensions)))
    now = time.time()
    for value, count in values:
        point = {"Timestamp": now, "Value": value, "Count": float(count), "Unit": unit, "Dimensions": dict(dimensions)}
        bucket.append(point)


def points(namespace: str, name: str, dimensions: dict[str, str], since: float) -> list[dict]:
    """The points of one metric since a time in seconds since 1970."""
    from ministack.services import cloudwatch

    key = (namespace, name, cloudwatch._dims_key(dimensions))
    points = cloudwatch._metrics.get(key) or []
    return [point for point in list(points) if point["Timestamp"] >= since]


def statistic(name: str, points: list[dict]) -> float | None:
    """A statistic of points, such as Sum or p99; None without points."""
    from ministack.services import cloudwatch

    return cloudwatch._stat_value(cloudwatch._calc_stats(points), name, points) if points else None


def alarms() -> list[dict]:
    """The metric alarms of the current account and region."""
    from ministack.services import cloudwatch

    return list(cloudwatch._alarms.values())


def set_state(alarm: dict, state: str, reason: str) -> None:
    """Change the state of an alarm and run its actions."""
    import time

    from ministack.services import cloudwatch

    before = alarm["StateValue"]
    alarm |= {"StateValue": state, "StateReason": reason, "StateUpdatedTimestamp": int(time.time())}
    cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def replace_evaluation(evaluate: Callable[[dict], None]) -> None:
    """Evaluate alarms by `evaluate(alarm)`: ministack's own ignores dimensions and missing data."""
    from ministack.services import cloudwatch

    cloudwatch._evaluate_alarm = evaluate


def scopes() -> list[tuple[str, str]]:
    """The accounts and regions that have alarms."""
    from ministack.services import cloudwatch

    return sorted({key[:2] for key in cloudwatch._alarms._data if len(key) == 3})
