"""Target tracking: the number of instances at which each gets the target's number of requests a minute.

Source: Application Auto Scaling User Guide, "Target tracking scaling policies"; SageMaker Developer Guide, "Automatic
scaling of Amazon SageMaker AI models". A policy has two CloudWatch alarms, and acts while one of them is in ALARM.
"""

import logging
import math
import threading
import time
import uuid
from datetime import UTC, datetime
from functools import cache

from mlops.localcloud import context
from mlops.localcloud.applicationautoscaling import records, tracking_alarms
from mlops.localcloud.applicationautoscaling.records import Target
from mlops.localcloud.applicationautoscaling.service import PAGE, service
from mlops.localcloud.cloudwatch import alarms
from mlops.localcloud.errors import AWSError
from mlops.localcloud.paging import page
from mlops.localcloud.sagemaker.hosting import endpoints
from mlops.localcloud.support import ANY, refuse_others

logger = logging.getLogger(__name__)

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
    """Create or change a policy, which is applied at once."""
    refuse_others("PutScalingPolicy", request, _SUPPORTED)
    name, resource = request["PolicyName"], request["ResourceId"]
    target = records.get(resource)
    if "TargetTrackingScalingPolicyConfiguration" not in request:
        raise AWSError("ValidationException", "TargetTrackingScalingPolicyConfiguration is needed")
    known = _policies().get((resource, name))
    arn = (
        known["PolicyARN"]
        if known
        else context.arn("autoscaling", f"scalingPolicy:{uuid.uuid4()}:resource/sagemaker/{resource}:policyName/{name}")
    )
    tracking = request["TargetTrackingScalingPolicyConfiguration"]
    created = tracking_alarms.create(target, arn, float(tracking["TargetValue"]))
    _policies()[resource, name] = {
        **request,
        "PolicyType": "TargetTrackingScaling",
        "PolicyARN": arn,
        "Alarms": created,
        "CreationTime": datetime.now(UTC),
    }
    if known:
        tracking_alarms.delete(known["Alarms"])
    _keep_scaling()
    return {"PolicyARN": arn, "Alarms": created}


@service.operation
def delete_scaling_policy(request: dict) -> dict:
    policy = _policies().pop((request["ResourceId"], request["PolicyName"]), None)
    if policy is None:
        raise AWSError("ObjectNotFoundException", f"No scaling policy {request['PolicyName']}")
    tracking_alarms.delete(policy["Alarms"])
    return {}


@service.operation
def describe_scaling_policies(request: dict) -> dict:
    resource_id = request.get("ResourceId")
    policies = [each for each in _policies().values() if resource_id in (None, each["ResourceId"])]
    return page(request, policies, "ScalingPolicies", PAGE)


def forget_all(resource: str) -> None:
    """Forget the policies of a target."""
    for key in [key for key in _policies() if key[0] == resource]:
        tracking_alarms.delete(_policies().pop(key)["Alarms"])


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
    for policy in list(_policies().values()):
        _scale(records.get(policy["ResourceId"]), policy)


def _scale(target: Target, policy: dict) -> None:
    endpoint = endpoints.serving(target.endpoint)
    if endpoint is None or endpoint.status != "InService":
        return
    tracking_alarms.publish_zero_requests(target)
    now = endpoint.instances(target.variant) or 0
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    desired, cause = _desired_count(policy, now)
    desired = min(target.maximum, max(target.minimum, desired))
    direction = "out" if desired > now else "in"
    cooldown = tracking.get(f"Scale{direction.capitalize()}Cooldown", _DEFAULT_COOLDOWN_SECONDS)
    cooling_down = time.monotonic() - target.changed.get(direction, -math.inf) < cooldown * context.settings.time_scale
    if desired == now or (cooling_down and target.minimum <= now <= target.maximum):
        return
    endpoints.update_endpoint_weights_and_capacities(
        {
            "EndpointName": target.endpoint,
            "DesiredWeightsAndCapacities": [{"VariantName": target.variant, "DesiredInstanceCount": desired}],
        }
    )
    target.changed[direction] = time.monotonic()
    moment = datetime.now(UTC)
    records.activities().append(
        {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": "sagemaker",
            "ResourceId": target.resource_id,
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            "Description": f"Setting desired instance count to {desired}.",
            "Cause": cause or f"{now} instances are outside of {target.minimum} to {target.maximum}",
            "StartTime": moment,
            "EndTime": moment,
            "StatusCode": "Successful",
        }
    )


def _desired_count(policy: dict, now: int) -> tuple[int, str]:
    """The number of instances at which each gets the target's requests, and the alarm that asks for it."""
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    high, low = [alarm["AlarmName"] for alarm in policy["Alarms"]]
    acting = alarms.active([high] if tracking.get("DisableScaleIn") else [high, low])
    requests = alarms.average(acting[0]) if acting else None
    if requests is None:
        return now, ""
    cause = f"monitor alarm {acting[0]} in state ALARM triggered policy {policy['PolicyName']}"
    return max(1, math.ceil(now * requests / float(tracking["TargetValue"]))), cause
