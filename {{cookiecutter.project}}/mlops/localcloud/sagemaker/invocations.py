"""CloudWatch metrics of endpoints, by variant, published every few seconds.

Names, units and dimensions are those of "SageMaker AI endpoint invocation metrics" in the SageMaker developer guide:
an error counts 0 or 1 for each invocation, so that the average is the share of errors; latencies are microseconds.
"""

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from mlops.localcloud import context

logger = logging.getLogger(__name__)

_NAMESPACE = "AWS/SageMaker"
_PUBLISH_SECONDS = 5.0
# PutMetricData takes that many different values of a metric in one datum.
_VALUES = 150


@dataclass
class _Window:
    """Invocations of one variant since the last publication, by HTTP status and by latency in microseconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    model: Counter[float] = field(default_factory=Counter)
    overhead: Counter[float] = field(default_factory=Counter)

    def metrics(self) -> dict[str, tuple[str, Counter[float]]]:
        """Unit and values of each metric."""
        return {
            "Invocations": ("None", Counter({1.0: self.statuses.total()})),
            "Invocation4XXErrors": ("None", self._errors(lambda status: 400 <= status < 500)),
            # A container that does not answer at all has no status.
            "Invocation5XXErrors": ("None", self._errors(lambda status: status >= 500 or not status)),
            "ModelLatency": ("Microseconds", self.model),
            "OverheadLatency": ("Microseconds", self.overhead),
        }

    def _errors(self, is_error: Callable[[int], bool]) -> Counter[float]:
        errors: Counter[float] = Counter()
        for status, count in self.statuses.items():
            errors[float(is_error(status))] += count
        return errors


class _Publisher:
    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], _Window] = defaultdict(_Window)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = context.spawn(self._keep_publishing)
        context.on_shutdown(self._close)

    def count(self, endpoint: str, variant: str, status: int, model: float, overhead: float) -> None:
        with self._lock:
            window = self._windows[endpoint, variant]
            window.statuses[status] += 1
            window.model[_microseconds(model)] += 1
            window.overhead[_microseconds(overhead)] += 1

    def _close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _keep_publishing(self) -> None:
        while not self._closed.wait(_PUBLISH_SECONDS):
            self._publish()
        self._publish()

    def _publish(self) -> None:
        with self._lock:
            windows, self._windows = self._windows, defaultdict(_Window)
        for (endpoint, variant), window in windows.items():
            data = [
                {
                    "MetricName": name,
                    "Unit": unit,
                    "Values": list(values),
                    "Counts": [float(count) for count in values.values()],
                    "Dimensions": [
                        {"Name": "EndpointName", "Value": endpoint},
                        {"Name": "VariantName", "Value": variant},
                    ],
                }
                for name, (unit, all_values) in window.metrics().items()
                for values in _parts(all_values)
            ]
            try:
                context.client("cloudwatch").put_metric_data(Namespace=_NAMESPACE, MetricData=data)
            except ClientError:
                logger.exception("Metrics of endpoint %s are lost", endpoint)


_publisher = context.scoped(_Publisher)


def count(endpoint: str, variant: str, status: int, model_seconds: float, overhead_seconds: float) -> None:
    """Count one invocation: the container's HTTP status, 0 for none, how long it took and how long all else took."""
    _publisher().count(endpoint, variant, status, model_seconds, overhead_seconds)


def _microseconds(seconds: float) -> float:
    """Three digits of it: few enough different values for PutMetricData, exact enough for percentiles."""
    return float(f"{seconds * 1e6:.3g}")


def _parts(values: Counter[float]) -> Iterator[dict[float, int]]:
    items = list(values.items())
    for start in range(0, len(items), _VALUES):
        yield dict(items[start : start + _VALUES])
