"""Metrics of the local cloud's services, buffered in memory and published to CloudWatch several times a second, so that
requests do not wait for it."""

import threading
from collections import Counter, defaultdict

from mlops.localcloud import context
from mlops.localcloud.ministack import cloudwatch

_PUBLISH_SECONDS = 0.25

_Key = tuple[str, str, str, tuple[tuple[str, str], ...]]


class _Buffer:
    """Values of one account and region since they were last published."""

    def __init__(self) -> None:
        self._values: dict[_Key, Counter[float]] = defaultdict(Counter)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        context.spawn(self._keep_publishing)
        context.on_shutdown(self._closed.set)

    def add(self, key: _Key, value: float) -> None:
        with self._lock:
            self._values[key][value] += 1

    def publish(self) -> None:
        with self._lock:
            buffered, self._values = self._values, defaultdict(Counter)
        for (namespace, name, unit, dimensions), values in buffered.items():
            cloudwatch.record(namespace, name, unit, dict(dimensions), values.items())

    def _keep_publishing(self) -> None:
        while not self._closed.wait(_PUBLISH_SECONDS):
            self.publish()
        self.publish()


_buffer = context.scoped(_Buffer)


def measure(namespace: str, dimensions: dict[str, str], values: dict[str, tuple[str, float]]) -> None:
    """Add one value to each of some metrics: by name, the unit and the value, of which three digits are kept."""
    buffer, key = _buffer(), tuple(dimensions.items())
    for name, (unit, value) in values.items():
        buffer.add((namespace, name, unit, key), float(f"{value:.3g}"))


def publish() -> None:
    """Publish buffered values now, before an alarm is evaluated."""
    _buffer().publish()
