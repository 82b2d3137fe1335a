"""Alarms that ring while something else happens: errors are counted all the time, as if clients met them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from harness import Cloud
from waiting import until

Metric = tuple[str, str, dict[str, str]]


@contextmanager
def ringing(cloud: Cloud, alarms: list[str], *metrics: Metric) -> Iterator[None]:
    """Count errors in metrics, each a namespace, a name and dimensions, from when these alarms ring to the end."""
    cloudwatch, ended = cloud.client("cloudwatch"), threading.Event()

    def count() -> None:
        while not ended.wait(0.1):
            for namespace, name, dimensions in metrics:
                named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
                errors = {"MetricName": name, "Dimensions": named, "Value": 100.0}
                cloudwatch.put_metric_data(Namespace=namespace, MetricData=[errors])

    counting = threading.Thread(target=count)
    counting.start()
    try:
        until(lambda: set(alarms) <= active(cloud, alarms))
        yield
    finally:
        ended.set()
        counting.join()


def active(cloud: Cloud, alarms: list[str]) -> set[str]:
    """Those of the alarms that ring."""
    found = cloud.client("cloudwatch").describe_alarms(AlarmNames=alarms, StateValue="ALARM")
    return {alarm["AlarmName"] for alarm in found["MetricAlarms"]}
