"""CloudWatch metrics of endpoints, by variant. Latencies are in microseconds."""

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache

from mlops.localcloud import context

NAMESPACE = "AWS/SageMaker"
_PUBLISH_SECONDS = 5.0


@dataclass
class _Window:
    """What came since the last publication."""

    statuses: list[int] = field(default_factory=list)
    model_microseconds: list[float] = field(default_factory=list)
    overhead_microseconds: list[float] = field(default_factory=list)


class _Publisher:
    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], _Window] = defaultdict(_Window)
        self._closed = threading.Event()
        self._thread = context.spawn(self._keep_publishing)
        context.on_shutdown(self.close)

    def count(
        self, endpoint: str, variant: str, status: int, model_seconds: float, overhead_seconds: float
    ) -> None:
        window = self._windows[endpoint, variant]
        window.statuses.append(status)
        window.model_microseconds.append(model_seconds * 1e6)
        window.overhead_microseconds.append(overhead_seconds * 1e6)

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _keep_publishing(self) -> None:
        while not self._closed.wait(_PUBLISH_SECONDS):
            self._publish()
        self._publish()

    def _publish(self) -> None:
        windows, self._windows = self._windows, defaultdict(_Window)
        for (endpoint, variant), window in windows.items():
            dimensions = [
                {"Name": "EndpointName", "Value": endpoint},
                {"Name": "VariantName", "Value": variant},
            ]
            data = [
                {
                    "MetricName": "Invocations",
                    "Unit": "None",
                    "StatisticValues": _statistics([1.0] * len(window.statuses)),
                },
                _share("Invocation4XXErrors", window.statuses, 400),
                _share("Invocation5XXErrors", window.statuses, 500),
                _latency("ModelLatency", window.model_microseconds),
                _latency("OverheadLatency", window.overhead_microseconds),
            ]
            context.client("cloudwatch").put_metric_data(
                Namespace=NAMESPACE, MetricData=[datum | {"Dimensions": dimensions} for datum in data]
            )


_publisher = context.scoped(_Publisher)


def count(endpoint: str, variant: str, status: int, model_seconds: float, overhead_seconds: float) -> None:
    """Count one invocation: the container's HTTP status (0: none) and how long it and the rest took."""
    _publisher().count(endpoint, variant, status, model_seconds, overhead_seconds)


@cache
def _is_error(status: int, hundred: int) -> float:
    return float(hundred <= (status or 500) < hundred + 100)


def _share(name: str, statuses: list[int], hundred: int) -> dict:
    values = [_is_error(status, hundred) for status in statuses]
    return {"MetricName": name, "Unit": "None", "StatisticValues": _statistics(values)}


def _latency(name: str, values: list[float]) -> dict:
    return {"MetricName": name, "Unit": "Microseconds", "StatisticValues": _statistics(values)}


def _statistics(values: list[float]) -> dict[str, float]:
    return {
        "SampleCount": float(len(values)),
        "Sum": sum(values),
        "Minimum": min(values),
        "Maximum": max(values),
    }
