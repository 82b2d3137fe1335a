"""Metrics that a training program prints: found by MetricDefinitions, published to CloudWatch."""

import math
import re
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError

NAMESPACE = "/aws/sagemaker/TrainingJobs"
_BATCH = 1000


class Metrics:
    """The values of one training job. Lines may come from several threads."""

    def __init__(
        self,
        job_name: str,
        definitions: Sequence[dict[str, str]],
        on_value: Callable[[str, float], None] | None = None,
    ):
        self._job_name = job_name
        self._definitions = [(item["Name"], compiled(item)) for item in definitions]
        self._on_value = on_value
        self._final: dict[str, dict] = {}
        self._unpublished: list[dict] = []
        self._lock = threading.Lock()

    def observe(self, line: str) -> None:
        """Take the values that a line of the log holds."""
        for name, pattern in self._definitions:
            match = pattern.search(line)
            value = _number(match[1]) if match else None
            if value is None:
                continue
            datum = {"MetricName": name, "Value": value, "Timestamp": datetime.now(UTC)}
            with self._lock:
                self._final[name] = datum
                self._unpublished.append(datum)
            if self._on_value:
                self._on_value(name, value)

    def final(self) -> list[dict]:
        """The last value of each metric, as FinalMetricDataList."""
        with self._lock:
            return list(self._final.values())

    def publish(self) -> None:
        """Put what came since the last time into CloudWatch, with dimension TrainingJobName."""
        with self._lock:
            waiting, self._unpublished = self._unpublished, []
        dimensions = [{"Name": "TrainingJobName", "Value": self._job_name}]
        for start in range(0, len(waiting), _BATCH):
            batch = [datum | {"Dimensions": dimensions} for datum in waiting[start : start + _BATCH]]
            context.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=batch)


def compiled(definition: dict[str, str]) -> re.Pattern:
    """The definition's expression. Raises AWSError when it is none, or captures nothing."""
    try:
        pattern = re.compile(definition["Regex"])
    except re.error as error:
        raise AWSError(
            "ValidationException", f"The regex of metric {definition['Name']} is invalid: {error}"
        ) from error
    if not pattern.groups:
        raise AWSError(
            "ValidationException",
            f"The regex of metric {definition['Name']}, {definition['Regex']}, has no group that captures the value",
        )
    return pattern


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
