"""Target tracking: the number of instances at which each gets as many requests a minute as wanted.

Source: Application Auto Scaling User Guide, "Target tracking scaling policies"; SageMaker Developer Guide, "Automatic
scaling of Amazon SageMaker AI models". AWS judges by alarms over three minutes to grow and fifteen to shrink.
"""

import logging
import math
import threading
import time
import uuid
from datetime import UTC, datetime
from functools import cache

from mlops.localcloud import base_cloudwatch, context, measuring
from mlops.localcloud.applicationautoscaling import targets
from mlops.localcloud.applicationautoscaling.service import PAGE, service
from mlops.localcloud.applicationautoscaling.targets import Target
from mlops.localcloud.paging import page
from mlops.localcloud.service import AWSError
from mlops.localcloud.support import ANY, refuse_others

logger = logging.getLogger(__name__)

_GROW_MINUTES, _SHRINK_MINUTES = 3, 15
_DEFAULT_COOLDOWN_SECONDS = 300
_LOOK_SECONDS = 0.5
_SUPPORTED = {
    "PolicyName": ANY,
    "ServiceNamespace": {"sagemaker"},
    "ResourceId": ANY,
    "ScalableDimension": {"sagemaker:variant:DesiredInstanceCount"},
    "PolicyType": {"TargetTrackingScaling"},
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": ANY,
        "PredefinedMetricSpecification": {"PredefinedMetricType": {"SageMakerVariantInvocationsPerInstance"}},
        "ScaleOutCooldown": ANY,
        "ScaleInCooldown": ANY,
        "DisableScaleIn": ANY,
    },
}

_policies = context.scoped(dict[tuple[str, str], dict])


@service.operation
def put_scaling_policy(request: dict) -> dict:
    """Make or change a policy. It acts from now on."""
    refuse_others("PutScalingPolicy", request, _SUPPORTED)
    name, resource = request["PolicyName"], request["ResourceId"]
    targets.get(resource)
    if "TargetTrackingScalingPolicyConfiguration" not in request:
        raise AWSError("ValidationException", "TargetTrackingScalingPolicyConfiguration is needed")
    known = _policies().get((resource, name))
    arn = (
        known["PolicyARN"]
        if known
        else context.arn("autoscaling", f"scalingPolicy:{uuid.uuid4()}:resource/sagemaker/{resource}:policyName/{name}")
    )
    _policies()[resource, name] = {
        **request,
        "PolicyType": "TargetTrackingScaling",
        "PolicyARN": arn,
        "Alarms": [],
        "CreationTime": datetime.now(UTC),
    }
    _keep_scaling()
    return {"PolicyARN": arn, "Alarms": []}


@service.operation
def delete_scaling_policy(request: dict) -> dict:
    if _policies().pop((request["ResourceId"], request["PolicyName"]), None) is None:
        raise AWSError("ObjectNotFoundException", f"No scaling policy {request['PolicyName']}")
    return {}


@service.operation
def describe_scaling_policies(request: dict) -> dict:
    wanted = request.get("ResourceId")
    found = [each for each in _policies().values() if wanted in (None, each["ResourceId"])]
    return page(request, found, "ScalingPolicies", PAGE)


def forget_all(resource: str) -> None:
    """Forget the policies of a target."""
    for key in [key for key in _policies() if key[0] == resource]:
        del _policies()[key]


@cache
def _keep_scaling() -> None:
    """Look at all policies of all accounts in the background, once there is one."""
    stopped = threading.Event()
    context.on_shutdown(stopped.set)

    def look() -> None:
        while not stopped.wait(_LOOK_SECONDS):
            for account, region in context.scopes(_policies):
                try:
                    context.within(account, region, _scale_all)
                except Exception:
                    logger.exception("Autoscaling in account %s, %s failed", account, region)

    threading.Thread(target=look, daemon=True, name="autoscaling").start()


def _scale_all() -> None:
    measuring.publish()
    for policy in list(_policies().values()):
        _scale(targets.get(policy["ResourceId"]), policy["TargetTrackingScalingPolicyConfiguration"])


def _scale(target: Target, tracking: dict) -> None:
    from mlops.localcloud.sagemaker import endpoints

    endpoint = endpoints.serving(target.endpoint)
    if endpoint is None or endpoint.status != "InService":
        return
    now = endpoint.instances(target.variant)
    wanted = min(target.most, max(target.least, _wanted(target, tracking, now)))
    direction = "out" if wanted > now else "in"
    cooldown = tracking.get(f"Scale{direction.capitalize()}Cooldown", _DEFAULT_COOLDOWN_SECONDS)
    resting = time.monotonic() - target.acted.get(direction, -math.inf) < cooldown * context.settings.time_scale
    if wanted == now or (resting and target.least <= now <= target.most):
        return
    endpoints.update_endpoint_weights_and_capacities(
        {
            "EndpointName": target.endpoint,
            "DesiredWeightsAndCapacities": [{"VariantName": target.variant, "DesiredInstanceCount": wanted}],
        }
    )
    target.acted[direction] = time.monotonic()
    moment = datetime.now(UTC)
    targets.activities().append(
        {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": "sagemaker",
            "ResourceId": target.resource_id,
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            "Description": f"Setting desired instance count to {wanted}.",
            "Cause": f"{now} instances, target {tracking['TargetValue']:g} requests a minute and instance",
            "StartTime": moment,
            "EndTime": moment,
            "StatusCode": "Successful",
        }
    )


def _wanted(target: Target, tracking: dict, now: int) -> int:
    """The number of instances for the requests of the last minutes: as many as are needed, or fewer after longer."""
    value = float(tracking["TargetValue"])
    recent = _requests_per_minute(target, _GROW_MINUTES)
    if recent is not None and recent / max(1, now) > value:
        return math.ceil(recent / value)
    steady = _requests_per_minute(target, _SHRINK_MINUTES)
    if steady is not None and not tracking.get("DisableScaleIn") and steady / max(1, now) < 0.9 * value:
        return max(1, math.ceil(steady / value))
    return now


def _requests_per_minute(target: Target, minutes: int) -> float | None:
    """Requests of the variant in a scaled minute, on average; None before that long has been measured."""
    seconds = minutes * max(1.0, 60 * context.settings.time_scale)
    dimensions = {"EndpointName": target.endpoint, "VariantName": target.variant}
    begin = time.time() - seconds
    if target.created.timestamp() > begin:
        return None
    found = base_cloudwatch.points("AWS/SageMaker", "Invocations", dimensions, begin)
    return (base_cloudwatch.statistic("Sum", found) or 0.0) / minutes
