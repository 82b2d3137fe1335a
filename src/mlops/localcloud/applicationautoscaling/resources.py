"""Application Auto Scaling's types for CloudFormation. `Ref` of a target is its resource id, dimension and namespace."""

from typing import Any

from mlops.localcloud import context
from mlops.localcloud.cloudformation import ResourceType

_KEYS = ("ServiceNamespace", "ResourceId", "ScalableDimension")


def _register(properties: dict, logical_id: str = "", stack_name: str = "") -> tuple[str, dict]:
    request = {key: properties[key] for key in (*_KEYS, "RoleARN") if key in properties}
    bounds = {key: int(properties[key]) for key in ("MinCapacity", "MaxCapacity")}
    context.client("application-autoscaling").register_scalable_target(**request, **bounds)
    physical_id = "|".join((properties["ResourceId"], properties["ScalableDimension"], properties["ServiceNamespace"]))
    return physical_id, {"Id": physical_id}


def _deregister(physical_id: str, properties: dict) -> None:
    request = {key: properties[key] for key in _KEYS}
    context.client("application-autoscaling").deregister_scalable_target(**request)


def _put(properties: dict, logical_id: str = "", stack_name: str = "") -> tuple[str, dict]:
    request: dict[str, Any] = _target(properties) | {
        key: properties[key] for key in ("PolicyName", "PolicyType") if key in properties
    }
    tracking = "TargetTrackingScalingPolicyConfiguration"
    if tracking in properties:
        request[tracking] = _numbers(properties[tracking])
    created = context.client("application-autoscaling").put_scaling_policy(**request)
    return created["PolicyARN"], {"Arn": created["PolicyARN"], "PolicyName": properties["PolicyName"]}


def _delete(physical_id: str, properties: dict) -> None:
    client = context.client("application-autoscaling")
    target = _target(properties)
    known = client.describe_scaling_policies(ServiceNamespace=target["ServiceNamespace"])["ScalingPolicies"]
    # A target takes its policies with it.
    if any(each["PolicyARN"] == physical_id for each in known):
        client.delete_scaling_policy(PolicyName=properties["PolicyName"], **target)


def _target(properties: dict) -> dict[str, str]:
    """The target of a policy, named by ScalingTargetId or by its parts."""
    if "ScalingTargetId" in properties:
        resource, dimension, namespace = properties["ScalingTargetId"].split("|")
        return {"ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension}
    return {key: properties[key] for key in _KEYS}


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        numeric = {"TargetValue": float, "ScaleOutCooldown": int, "ScaleInCooldown": int}
        return {key: numeric[key](item) if key in numeric else _numbers(item) for key, item in value.items()}
    return value


resource_types = {
    "AWS::ApplicationAutoScaling::ScalableTarget": ResourceType(
        _register, _deregister, lambda _id, _old, new: _register(new), replace_on=_KEYS, tagged=False
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ResourceType(
        _put,
        _delete,
        lambda _id, _old, new: _put(new),
        replace_on=("PolicyName", "ScalingTargetId", *_KEYS),
        tagged=False,
    ),
}
