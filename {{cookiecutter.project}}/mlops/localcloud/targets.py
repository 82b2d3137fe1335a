"""Targets of EventBridge's rules in services that the local cloud adds, each under the role of its target.

Source: Amazon EventBridge User Guide, "Event bus targets".
"""

from mlops.localcloud import base_events, context

_ASSUMED_BY = "events.amazonaws.com"
_PIPELINE_INPUT = ("sourceRevisions", "variables")


def install() -> None:
    """Deliver to them."""
    base_events.deliver({"codepipeline": _start_pipeline, "codebuild": _start_build})
    base_events.publish_alarms()


def _start_pipeline(arn: str, role_arn: str, given: dict | None) -> None:
    client = context.client("codepipeline", role_arn, _ASSUMED_BY)
    named = {key: value for key, value in (given or {}).items() if key in _PIPELINE_INPUT}
    client.start_pipeline_execution(name=arn.rpartition(":")[2], **named)


def _start_build(arn: str, role_arn: str, given: dict | None) -> None:
    client = context.client("codebuild", role_arn, _ASSUMED_BY)
    client.start_build(**(given or {}), projectName=arn.rpartition("/")[2])
