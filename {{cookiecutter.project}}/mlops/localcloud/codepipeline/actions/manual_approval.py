"""Manual approval action: waits for PutApprovalResult."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta

from mlops.localcloud import context
from mlops.localcloud.codepipeline.run import ActionFailed, Run

_SEVEN_DAYS_IN_MINUTES = 7 * 24 * 60


def run(run: Run) -> None:
    """Notify the topic, then wait for an answer as long as the action's timeout says."""
    minutes = run.action.get("timeoutInMinutes", _SEVEN_DAYS_IN_MINUTES)
    deadline = time.monotonic() + minutes * 60
    topic = run.configuration.get("NotificationArn")
    token = str(uuid.uuid4())
    if topic:
        _notify(run, topic, token, datetime.now(UTC) + timedelta(minutes=minutes))
    run.record.token = token
    while "decision" not in run.record.values:
        if time.monotonic() > deadline:
            raise ActionFailed("JobFailed", f"The approval expired: nobody answered within {minutes} minutes")
        run.wait()
    if run.record.values["decision"] == "Rejected":
        raise ActionFailed("JobFailed", f"Rejected by {run.record.updated_by}: {run.record.summary}")


def _notify(run: Run, topic: str, token: str, expires: datetime) -> None:
    """The message of the CodePipeline user guide, "JSON data format for manual approval notifications"."""
    name = run.execution.name
    link = f"https://console.aws.amazon.com/codesuite/codepipeline/pipelines/{name}/view?region={context.region()}"
    message = {
        "region": context.region(),
        "consoleLink": link,
        "approval": {
            "pipelineName": name,
            "stageName": run.record.stage,
            "actionName": run.record.name,
            "token": token,
            "expires": f"{expires:%Y-%m-%dT%H:%MZ}",
            "externalEntityLink": run.configuration.get("ExternalEntityLink"),
            "approvalReviewLink": f"{link}#/{run.record.stage}/{run.record.name}/approve/{token}",
            "customData": run.configuration.get("CustomData"),
        },
    }
    subject = f"APPROVAL NEEDED: AWS CodePipeline {name} for action {run.record.name}"
    run.client("sns").publish(TopicArn=topic, Subject=subject[:100], Message=json.dumps(message))
