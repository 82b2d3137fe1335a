"""The two CloudWatch alarms of a target tracking policy: one asks for more instances, one for fewer."""

import uuid

from mlops.localcloud import context
from mlops.localcloud.applicationautoscaling.records import Target
from mlops.localcloud.cloudwatch import metrics

_NAMESPACE, _METRIC = "AWS/SageMaker", "InvocationsPerInstance"
# As AWS creates them: above the target for three minutes, or ten percent below it for fifteen.
_ALARMS = (("High", "GreaterThanThreshold", 1.0, 3), ("Low", "LessThanThreshold", 0.9, 15))


def create(target: Target, policy_arn: str, value: float) -> list[dict[str, str]]:
    """Create the alarms of a policy, AlarmHigh first. Returns their names and ARNs."""
    created = []
    for kind, comparison, share, minutes in _ALARMS:
        name = f"TargetTracking-{target.resource_id}-Alarm{kind}-{uuid.uuid4()}"
        dimensions = [{"Name": key, "Value": text} for key, text in _dimensions(target).items()]
        context.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            AlarmDescription=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy_arn}.",
            AlarmActions=[policy_arn],
            Namespace=_NAMESPACE,
            MetricName=_METRIC,
            Dimensions=dimensions,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=minutes,
            Threshold=share * value,
            ComparisonOperator=comparison,
        )
        created.append({"AlarmName": name, "AlarmARN": context.arn("cloudwatch", f"alarm:{name}")})
    return created


def delete(alarms: list[dict[str, str]]) -> None:
    """Delete the alarms of a policy."""
    context.client("cloudwatch").delete_alarms(AlarmNames=[alarm["AlarmName"] for alarm in alarms])


def publish_zero_requests(target: Target) -> None:
    """Publish zero requests, as SageMaker does for a variant without traffic, so that it is scaled in."""
    metrics.measure(_NAMESPACE, _dimensions(target), {_METRIC: ("None", 0.0)})


def _dimensions(target: Target) -> dict[str, str]:
    return {"EndpointName": target.endpoint, "VariantName": target.variant}
