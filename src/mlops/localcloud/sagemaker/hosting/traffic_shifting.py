"""Traffic shifting of an endpoint from the old fleet to the new one: all at once, canary, linear or rolling.

Source: Amazon SageMaker Developer Guide, "Deployment guardrails for updating models in production".
"""

import math
import threading
import time
from dataclasses import dataclass

from mlops.localcloud import context
from mlops.localcloud.cloudwatch import alarms
from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.hosting.endpoint import Endpoint
from mlops.localcloud.sagemaker.hosting.fleet import DeploymentFailed, Fleet
from mlops.localcloud.support import ANY

_LOOK_SECONDS = 0.1
_DEFAULT_TIMEOUT_SECONDS = 28_800

_CAPACITY = {"Type": ANY, "Value": ANY}
# The supported members of a DeploymentConfig; others are refused by name.
SUPPORTED = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": {"ALL_AT_ONCE", "CANARY", "LINEAR"},
            "WaitIntervalInSeconds": ANY,
            "CanarySize": _CAPACITY,
            "LinearStepSize": _CAPACITY,
        },
        "TerminationWaitInSeconds": ANY,
        "MaximumExecutionTimeoutInSeconds": ANY,
    },
    "RollingUpdatePolicy": {
        "MaximumBatchSize": _CAPACITY,
        "WaitIntervalInSeconds": ANY,
        "MaximumExecutionTimeoutInSeconds": ANY,
        "RollbackMaximumBatchSize": _CAPACITY,
    },
    "AutoRollbackConfiguration": {"Alarms": {"AlarmName": ANY}},
}
# The shares in percent that AWS allows.
_ALLOWED = {"CanarySize": (1, 50), "LinearStepSize": (10, 50), "MaximumBatchSize": (5, 50)}


@dataclass(frozen=True)
class _Watch:
    """Ends a waiting deployment when an alarm is active or its time is over."""

    alarms: list[str]
    deadline: float

    def wait(self, seconds: float) -> None:
        """Let a baking period pass, at the cloud's scale of time. Raises DeploymentFailed."""
        until = time.monotonic() + seconds * context.settings.time_scale
        waiting = threading.Event()
        while True:
            if active := alarms.active(self.alarms):
                raise DeploymentFailed(
                    f"One or more of the alarms specified by the user were triggered, the deployment was rolled back: "
                    f"{', '.join(active)}"
                )
            now = time.monotonic()
            if now > self.deadline:
                raise DeploymentFailed("The deployment did not end within MaximumExecutionTimeoutInSeconds")
            if now >= until:
                return
            waiting.wait(min(_LOOK_SECONDS, until - now))


def require_possible(deployment: dict | None) -> None:
    """Raise AWSError for a DeploymentConfig that SageMaker would not take."""
    if not deployment:
        return
    if len(deployment.keys() & {"BlueGreenUpdatePolicy", "RollingUpdatePolicy"}) > 1:
        raise AWSError("ValidationException", "DeploymentConfig has two policies; allowed is one of them")
    routing = deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    needed = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(routing.get("Type"))
    sizes = {**routing, **deployment.get("RollingUpdatePolicy", {})}
    if needed and needed not in routing:
        raise AWSError("ValidationException", f"TrafficRoutingConfiguration of type {routing['Type']} needs {needed}")
    for name, (least, most) in _ALLOWED.items():
        size = sizes.get(name)
        if size and size["Type"] == "CAPACITY_PERCENT" and not least <= size["Value"] <= most:
            raise AWSError("ValidationException", f"{name} is {size['Value']} percent; allowed are {least} to {most}")
    if missing := alarms.missing(_alarm_names(deployment)):
        raise AWSError("ValidationException", f"Alarms do not exist: {', '.join(missing)}")


def shift(endpoint: Endpoint, blue: Fleet, green: Fleet) -> None:
    """Shift the traffic to the new fleet. Raises DeploymentFailed, with the old fleet as it was."""
    deployment = endpoint.deployment or {}
    rolling = deployment.get("RollingUpdatePolicy")
    policy = rolling or deployment.get("BlueGreenUpdatePolicy", {})
    timeout = policy.get("MaximumExecutionTimeoutInSeconds", _DEFAULT_TIMEOUT_SECONDS)
    watch = _Watch(_alarm_names(deployment), time.monotonic() + timeout)
    if rolling:
        _roll(endpoint, blue, green, rolling, watch)
        return
    green.start()
    routing = policy.get("TrafficRoutingConfiguration", {})
    seconds = routing.get("WaitIntervalInSeconds", 0)
    for share in _shares(routing, green):
        endpoint.share = share
        watch.wait(seconds)
    endpoint.share = 1.0
    watch.wait(0 if routing.get("Type") in ("CANARY", "LINEAR") else seconds)
    watch.wait(policy.get("TerminationWaitInSeconds", 0))


def _shares(routing: dict, green: Fleet) -> list[float]:
    """The shares of the new fleet before it has all traffic."""
    if routing.get("Type") == "CANARY":
        return [_share(routing["CanarySize"], green.size)]
    if routing.get("Type") == "LINEAR":
        step = _share(routing["LinearStepSize"], green.size)
        return [step * number for number in range(1, math.ceil(1 / step))]
    return []


def _roll(endpoint: Endpoint, blue: Fleet, green: Fleet, policy: dict, watch: _Watch) -> None:
    """Replace the old containers by new ones, batch by batch, so that both together are never more than one batch over."""
    instance_counts = {name: each.configuration["InitialInstanceCount"] for name, each in green.variants.items()}
    before = {name: len(each.containers) for name, each in blue.variants.items()}
    step = _share(policy["MaximumBatchSize"], green.size)
    try:
        for number in range(1, math.ceil(1 / step) + 1):
            share = min(1.0, number * step)
            green.resize({name: math.ceil(count * share) for name, count in instance_counts.items()})
            endpoint.share = share
            watch.wait(policy["WaitIntervalInSeconds"])
            blue.resize({name: count - math.floor(count * share) for name, count in before.items()})
    except DeploymentFailed:
        blue.resize(before)
        raise


def _share(size: dict, total: int) -> float:
    """A CapacitySize as a share of all instances; part of an instance is a whole one."""
    instances = size["Value"] if size["Type"] == "INSTANCE_COUNT" else math.ceil(total * size["Value"] / 100)
    return min(1.0, instances / total)


def _alarm_names(deployment: dict) -> list[str]:
    return [each["AlarmName"] for each in deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])]
