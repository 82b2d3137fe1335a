"""What the local cloud's services measure, on its way to CloudWatch: gathered in memory, handed over several times a
second, because a request under load must not pay for it."""

import threading
from collections import Counter, defaultdict

from mlops.localcloud import context
from mlops.localcloud.ministack import cloudwatch

_PUBLISH_SECONDS = 0.25

_Key = tuple[str, str, str, tuple[tuple[str, str], ...]]


class _Gathered:
    """Values of one account and region since they were last handed over."""

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
            gathered, self._values = self._values, defaultdict(Counter)
        for (namespace, name, unit, dimensions), values in gathered.items():
            cloudwatch.record(namespace, name, unit, dict(dimensions), values.items())

    def _keep_publishing(self) -> None:
        while not self._closed.wait(_PUBLISH_SECONDS):
            self.publish()
        self.publish()


_gathered = context.scoped(_Gathered)


def measure(namespace: str, dimensions: dict[str, str], values: dict[str, tuple[str, float]]) -> None:
    """Add one value to each of some metrics: by name, the unit and the value, of which three digits are kept."""
    gathered, key = _gathered(), tuple(dimensions.items())
    for name, (unit, value) in values.items():
        gathered.add((namespace, name, unit, key), float(f"{value:.3g}"))


def publish() -> None:
    """Hand over now what has been gathered: an alarm is about to be judged."""
    _gathered().publish()
