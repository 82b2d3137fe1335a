"""Scalable targets: variants of endpoints, with the bounds of their numbers of instances."""

import uuid

from mlops.localcloud import context
from mlops.localcloud.applicationautoscaling import policies, records
from mlops.localcloud.applicationautoscaling.records import Target, activities, targets
from mlops.localcloud.applicationautoscaling.service import PAGE, service
from mlops.localcloud.enforcement.handler_resources import SCALING_ROLE
from mlops.localcloud.errors import AWSError
from mlops.localcloud.paging import page
from mlops.localcloud.sagemaker.hosting import endpoints
from mlops.localcloud.support import ANY, refuse_others

_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_SUPPORTED = {
    "ServiceNamespace": {"sagemaker"},
    "ResourceId": ANY,
    "ScalableDimension": {_DIMENSION},
    "MinCapacity": ANY,
    "MaxCapacity": ANY,
    "RoleARN": ANY,
    "Tags": ANY,
}


@service.operation
def register_scalable_target(request: dict) -> dict:
    """Register a variant for scaling, or change its bounds."""
    refuse_others("RegisterScalableTarget", request, _SUPPORTED)
    name = request["ResourceId"]
    parts = name.split("/")
    if len(parts) != 4 or (parts[0], parts[2]) != ("endpoint", "variant"):
        raise AWSError("ValidationException", f"ResourceId is {name}; allowed is endpoint/NAME/variant/NAME")
    _require_variant(parts[1], parts[3])
    known = targets().get(name)
    if known is None and not {"MinCapacity", "MaxCapacity"} <= request.keys():
        raise AWSError("ValidationException", "MinCapacity and MaxCapacity are needed for a new scalable target")
    minimum = request.get("MinCapacity", known.minimum if known else 0)
    maximum = request.get("MaxCapacity", known.maximum if known else 0)
    if minimum > maximum:
        raise AWSError("ValidationException", f"MinCapacity {minimum} is above MaxCapacity {maximum}")
    if known is None:
        arn = context.arn("application-autoscaling", f"scalable-target/{uuid.uuid4().hex}")
        targets()[name] = Target(name, minimum, maximum, arn)
    else:
        known.minimum, known.maximum = minimum, maximum
    return {"ScalableTargetARN": targets()[name].arn}


@service.operation
def deregister_scalable_target(request: dict) -> dict:
    """Stop scaling a variant, and delete its policies."""
    records.get(request["ResourceId"])
    policies.forget_all(request["ResourceId"])
    del targets()[request["ResourceId"]]
    return {}


@service.operation
def describe_scalable_targets(request: dict) -> dict:
    resource_ids = request.get("ResourceIds")
    matches = [
        {
            "ServiceNamespace": "sagemaker",
            "ResourceId": each.resource_id,
            "ScalableDimension": _DIMENSION,
            "MinCapacity": each.minimum,
            "MaxCapacity": each.maximum,
            "RoleARN": f"arn:aws:iam::{context.account()}:{SCALING_ROLE}",
            "CreationTime": each.created,
            "ScalableTargetARN": each.arn,
        }
        for each in targets().values()
        if not resource_ids or each.resource_id in resource_ids
    ]
    return page(request, matches, "ScalableTargets", PAGE)


@service.operation
def describe_scaling_activities(request: dict) -> dict:
    """Scaling activities, the latest first."""
    resource_id = request.get("ResourceId")
    matches = [each for each in reversed(activities()) if resource_id in (None, each["ResourceId"])]
    return page(request, matches, "ScalingActivities", PAGE)


def _require_variant(endpoint: str, variant: str) -> None:
    """Raise AWSError unless the endpoint has this variant."""
    found = endpoints.get(endpoint)
    known = found.variant_names()
    if found.instances(variant) is None:
        raise AWSError("ValidationException", f"Endpoint {endpoint} is serverless; {_DIMENSION} is for instances")
    if variant not in known:
        raise AWSError(
            "ValidationException", f"Endpoint {endpoint} has no variant {variant}; it has {', '.join(known)}"
        )
