"""ministack's EventBridge: delivery to targets in the added services, refusals, events of alarms."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from mlops.localcloud import background
from mlops.localcloud.errors import AWSError, not_implemented
from mlops.localcloud.protocol import isoformat

logger = logging.getLogger(__name__)

Deliver = Callable[[str, str, dict | None], None]

_DELIVERED = {"events", "lambda", "sns", "sqs", "states"}


def deliver(targets: dict[str, Deliver]) -> None:
    """Deliver to further services: `deliver(ARN, role ARN, input)` by the service's name in the ARN.

    The input is the target's Input or transformed input, None without either. An exception counts as a failed delivery.
    """
    from ministack.services import eventbridge

    invoke = eventbridge._invoke_target

    def invoked(target: dict, event: dict, rule: dict, view: Any = None) -> None:
        deliver_to = targets.get(_service(target.get("Arn", "")))
        if deliver_to is None:
            return invoke(target, event, rule, view)
        target_input = target.get("Input")
        if target.get("InputTransformer"):
            view = view or eventbridge._pattern_event_view(event)
            target_input = eventbridge._apply_input_transformer(target["InputTransformer"], rule, view)
        background.spawn(_attempt, deliver_to, target["Arn"], target.get("RoleArn", ""), target_input)

    eventbridge._invoke_target = invoked
    _DELIVERED.update(targets)


def _attempt(deliver_to: Deliver, arn: str, role_arn: str, target_input: str | None) -> None:
    try:
        deliver_to(arn, role_arn, json.loads(target_input) if target_input else None)
    except Exception as error:
        logger.warning("EventBridge cannot deliver to %s: %s", arn, error)


def require_deliverable(parameters: dict) -> None:
    """Refuse targets that EventBridge refuses, or that the local cloud does not deliver to."""
    for target in parameters.get("Targets") or []:
        arn = target.get("Arn", "")
        service = _service(arn)
        if service not in _DELIVERED:
            raise not_implemented(f"The local cloud does not implement a target of EventBridge in {service or arn}")
        if service in ("codebuild", "codepipeline", "states") and not target.get("RoleArn"):
            raise AWSError("ValidationException", f"RoleArn is required for target {arn}.")


def require_rule(parameters: dict) -> None:
    """Refuse to enable or disable a rule that does not exist."""
    from ministack.services import eventbridge

    bus = parameters.get("EventBusName", "default").rpartition("/")[2]
    if eventbridge._rule_key(parameters["Name"], bus) not in eventbridge._rules:
        text = f"Rule {parameters['Name']} does not exist on EventBus {bus}."
        raise AWSError("ResourceNotFoundException", text)


def put_event(source: str, detail_type: str, detail: dict, resources: list[str]) -> None:
    """Publish an event of an AWS service on the default event bus, which PutEvents refuses for `aws.` sources."""
    from ministack.services import eventbridge

    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail, default=isoformat),
        "Resources": resources,
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def publish_alarms() -> None:
    """Publish each change of an alarm's state.

    Source: Amazon CloudWatch User Guide, "Alarm events and EventBridge".
    """
    from ministack.services import cloudwatch

    dispatch = cloudwatch._dispatch_alarm_actions

    def dispatched(alarm: dict, old: str, new: str, reason: str) -> None:
        changed = datetime.fromtimestamp(alarm["StateUpdatedTimestamp"], UTC)
        state = {"value": new, "reason": reason, "timestamp": f"{changed:%Y-%m-%dT%H:%M:%S.000+0000}"}
        if alarm.get("StateReasonData"):
            state["reasonData"] = alarm["StateReasonData"]
        put_event(
            source="aws.cloudwatch",
            detail_type="CloudWatch Alarm State Change",
            detail={
                "alarmName": alarm["AlarmName"],
                "state": state,
                "previousState": {"value": old},
                "configuration": _configuration(alarm),
            },
            resources=[alarm["AlarmArn"]],
        )
        dispatch(alarm, old, new, reason)

    cloudwatch._dispatch_alarm_actions = dispatched


def _configuration(alarm: dict) -> dict:
    description = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if alarm.get("AlarmRule"):
        return {**description, "alarmRule": alarm["AlarmRule"]}
    if not alarm.get("MetricName"):
        return description
    metric = {
        "namespace": alarm["Namespace"],
        "name": alarm["MetricName"],
        "dimensions": {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []},
    }
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
    measured = {"metric": metric, "period": int(alarm.get("Period") or 60), "stat": statistic}
    return {**description, "metrics": [{"id": "metric", "metricStat": measured, "returnData": True}]}


def _service(arn: str) -> str:
    parts = arn.split(":")
    return parts[2] if len(parts) > 5 else ""
