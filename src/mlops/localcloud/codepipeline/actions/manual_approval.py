"""Manual approval action: waits for PutApprovalResult.

Source: AWS CodePipeline User Guide, "Manage approval actions" and "JSON data format for manual approval
notifications".
"""

import json
from datetime import UTC, datetime, timedelta

from mlops.localcloud import context
from mlops.localcloud.codepipeline.actions.provider import Action, ActionFailed, Provider
from mlops.localcloud.codepipeline.records import new_id

_DEFAULT_MINUTES = 7 * 24 * 60
_MAXIMUM_SUBJECT = 100


def run(action: Action) -> None:
    """Publish the request, if a topic is given, and wait for the answer until the timeout."""
    minutes = action.record.declaration.get("timeoutInMinutes", _DEFAULT_MINUTES)
    token = new_id()
    topic = action.configuration.get("NotificationArn")
    if topic:
        notification = _notification(action, token, datetime.now(UTC) + timedelta(minutes=minutes))
        name, action_name = action.execution.pipeline_name, action.record.name
        subject = f"APPROVAL NEEDED: AWS CodePipeline {name} for action {action_name}"
        action.client("sns").publish(
            TopicArn=topic, Subject=subject[:_MAXIMUM_SUBJECT], Message=json.dumps(notification)
        )
    # In PARALLEL mode the token is shown as the external execution id.
    action.show(token=token, external_id=token)
    await_answer(action, minutes * 60)


def await_answer(action: Action, seconds: float) -> None:
    """Wait for the answer. Raises ActionFailed after the timeout and after a rejection."""
    record = action.record
    if not action.wait_until(lambda: bool(record.decision), seconds):
        raise ActionFailed("JobFailed", f"The approval was not answered within {seconds / 60:.0f} minutes")
    if record.decision == "Rejected":
        raise ActionFailed


def _notification(action: Action, token: str, expires: datetime) -> dict:
    name, stage = action.execution.pipeline_name, action.record.stage
    console = f"https://console.aws.amazon.com/codesuite/codepipeline/pipelines/{name}/view"
    link = f"{console}?region={context.region()}"
    return {
        "region": context.region(),
        "consoleLink": link,
        "approval": {
            "pipelineName": name,
            "stageName": stage,
            "actionName": action.record.name,
            "token": token,
            "expires": f"{expires:%Y-%m-%dT%H:%MZ}",
            "externalEntityLink": action.configuration.get("ExternalEntityLink"),
            "approvalReviewLink": f"{link}#/{stage}/{action.record.name}/approve/{token}",
            "customData": action.configuration.get("CustomData"),
        },
    }


provider = Provider(run, configuration=("NotificationArn", "CustomData", "ExternalEntityLink"))
