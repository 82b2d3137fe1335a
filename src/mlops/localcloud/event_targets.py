"""Targets of EventBridge's rules in services that the local cloud adds, each under the role of its target.

Source: Amazon EventBridge User Guide, "Event bus targets".
"""

import json

from mlops.localcloud import context
from mlops.localcloud.ministack import eventbridge, hooks, iam
from mlops.localcloud.protocol import Response

_ASSUMED_BY = "events.amazonaws.com"
_PIPELINE_INPUT = ("sourceRevisions", "variables")


def install() -> None:
    """Add the targets, and publish changes of alarms."""
    eventbridge.deliver({"codepipeline": _start_pipeline, "codebuild": _start_build})
    eventbridge.publish_alarms()
    hooks.before("events", _check_pass_role)


def _check_pass_role(headers: dict[str, str], body: bytes, query: dict) -> Response | None:
    """Refuse a target whose role the caller may not pass to EventBridge."""
    if not headers.get("x-amz-target", "").endswith(".PutTargets"):
        return None
    for role_arn in sorted({each["RoleArn"] for each in json.loads(body)["Targets"] if "RoleArn" in each}):
        keys = {"iam:PassedToService": _ASSUMED_BY}
        decision = iam.authorise(headers, "iam", "iam:PassRole", role_arn, keys)
        if not decision.allowed:
            refused = {"__type": "AccessDeniedException", "message": decision.message}
            return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(refused).encode()
    return None


def _start_pipeline(arn: str, role_arn: str, target_input: dict | None) -> None:
    client = context.client("codepipeline", role_arn, _ASSUMED_BY)
    arguments = {key: value for key, value in (target_input or {}).items() if key in _PIPELINE_INPUT}
    client.start_pipeline_execution(name=arn.rpartition(":")[2], **arguments)


def _start_build(arn: str, role_arn: str, target_input: dict | None) -> None:
    client = context.client("codebuild", role_arn, _ASSUMED_BY)
    client.start_build(**(target_input or {}), projectName=arn.rpartition("/")[2])
