"""Series of CloudWatch's metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mlops.aws import paging
from mlops.aws.session import Session

# GetMetricData takes so many queries in a call.
_MOST_QUERIES = 500


@dataclass(frozen=True)
class Metric:
    """A statistic of a metric over periods of seconds."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str
    period: int = 60


def series(session: Session, metrics: Sequence[Metric], span: timedelta) -> list[list[list[float]]]:
    """For each metric its points in the span before now, oldest first: seconds since 1970 and the value."""
    now = datetime.now(UTC)
    found: list[list[list[float]]] = [[] for _ in metrics]
    for first, queries in _batches(metrics):
        results = paging.items(
            session.client("cloudwatch"),
            "get_metric_data",
            "MetricDataResults",
            MetricDataQueries=queries,
            StartTime=now - span,
            EndTime=now,
            ScanBy="TimestampAscending",
        )
        for each in results:
            points = zip(each["Timestamps"], each["Values"], strict=True)
            found[first + int(each["Id"].removeprefix("m"))] += [
                [moment.timestamp(), value] for moment, value in points
            ]
    return [sorted(points) for points in found]


def _batches(metrics: Sequence[Metric]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    for first in range(0, len(metrics), _MOST_QUERIES):
        yield first, [_query(number, each) for number, each in enumerate(metrics[first : first + _MOST_QUERIES])]


def _query(number: int, metric: Metric) -> dict[str, Any]:
    return {
        "Id": f"m{number}",
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
            },
            "Period": metric.period,
            "Stat": metric.stat,
        },
    }
