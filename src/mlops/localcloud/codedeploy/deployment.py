"""One deployment: hook, shift in steps watched by alarms, hook; and its rollback.

Source: AWS CodeDeploy User Guide, "Deployments on an AWS Lambda compute platform" and "Redeploy and roll back".
"""

import json
import logging
import threading
import time
import uuid
from datetime import UTC, datetime

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlops.localcloud import context
from mlops.localcloud.cloudwatch import alarms
from mlops.localcloud.codedeploy import groups
from mlops.localcloud.codedeploy.revisions import AFTER, BEFORE, Revision
from mlops.localcloud.codedeploy.service import PLATFORM, PRINCIPAL
from mlops.localcloud.ministack import iam

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1
# A hook has an hour to answer. It is work, not waiting, so it is not scaled as a whole; an hour would outlast any test.
_HOOK_SECONDS = 3600
_LEAST_HOOK_SECONDS = 60


class Failed(Exception):
    """A failed deployment: CodeDeploy's error code, its message, the event that rolls it back."""

    def __init__(self, code: str, message: str, event: str = "DEPLOYMENT_FAILURE"):
        super().__init__(message)
        self.code, self.event = code, event


class Deployment:
    """A deployment and its state. `ended` is set after the end, a rollback included."""

    def __init__(
        self,
        name: str,
        group: dict,
        configuration: str,
        steps: list[tuple[float, float]],
        revision: Revision,
        request: dict,
        creator: str,
    ):
        self.id, self.group, self.status = name, group, "Created"
        self.ended = threading.Event()
        self._configuration, self._steps, self._revision = configuration, steps, revision
        self._request, self._creator = request, creator
        self._times = {"createTime": datetime.now(UTC)}
        self._error: dict[str, str] = {}
        self._rollback: dict[str, str] = {}
        self._events: dict[str, dict] = {}
        self._weight = 0.0
        self._stop: Failed | None = None
        self._rolls_back_on_stop: bool | None = None
        self._hooks: dict[str, threading.Event] = {}
        self._answers: dict[str, str] = {}

    @property
    def target_id(self) -> str:
        return f"{self._revision.function}:{self._revision.alias}"

    def run(self) -> None:
        """Carry the deployment out. Never raises: how it ended is its status."""
        try:
            self._begin()
            self._hook(BEFORE, self._revision.before)
            self._allow_traffic()
            self._hook(AFTER, self._revision.after)
            self._end("Succeeded")
        except Failed as failure:
            self._give_up(failure)
        except (ClientError, context.RoleNotAssumable) as error:
            self._give_up(Failed("IAM_ROLE_PERMISSIONS", str(error)))
        except Exception:
            logger.exception("Deployment %s failed", self.id)
            self._give_up(Failed("INTERNAL_ERROR", "The reason is in the log of the local cloud."))
        finally:
            self.ended.set()

    def stop(self, rolls_back: bool | None) -> None:
        """Stop it on request."""
        self._rolls_back_on_stop = rolls_back
        self._stop = Failed("MANUAL_STOP", "The deployment was stopped by a user", "DEPLOYMENT_STOP_ON_REQUEST")

    def answer(self, hook: str, status: str) -> bool:
        """Accept a hook's result. False when the deployment does not wait for it."""
        if hook not in self._hooks or status not in ("Succeeded", "Failed"):
            return False
        self._answers[hook] = status
        self._hooks[hook].set()
        return True

    def description(self) -> dict:
        """DeploymentInfo."""
        done = int(self.status == "Succeeded")
        return {
            "deploymentId": self.id,
            "applicationName": self.group["applicationName"],
            "deploymentGroupName": self.group["deploymentGroupName"],
            "deploymentConfigName": self._configuration,
            "revision": self._request["revision"],
            "description": self._request.get("description"),
            "status": self.status,
            "creator": self._creator,
            "computePlatform": PLATFORM,
            "deploymentStyle": self.group.get("deploymentStyle"),
            "autoRollbackConfiguration": self.group.get("autoRollbackConfiguration"),
            "errorInformation": self._error or None,
            "rollbackInfo": self._rollback or None,
            "deploymentOverview": {"Succeeded": done, "Failed": int(self.status in ("Failed", "Stopped"))},
            **self._times,
        }

    def target(self) -> dict:
        """DeploymentTarget."""
        revision = self._revision
        return {
            "deploymentTargetType": "LambdaTarget",
            "lambdaTarget": {
                "deploymentId": self.id,
                "targetId": self.target_id,
                "status": {"Created": "Pending", "Stopped": "Failed"}.get(self.status, self.status),
                "lifecycleEvents": list(self._events.values()),
                "lambdaFunctionInfo": {
                    "functionName": revision.function,
                    "functionAlias": revision.alias,
                    "currentVersion": revision.current,
                    "targetVersion": revision.target,
                    "targetVersionWeight": self._weight,
                },
            },
        }

    def _begin(self) -> None:
        self._times["startTime"] = datetime.now(UTC)
        self._become("InProgress")
        self._require_permission("lambda:GetProvisionedConcurrencyConfig", f"function:{self.target_id}")
        alias = self._client().get_alias(FunctionName=self._revision.function, Name=self._revision.alias)
        if alias["FunctionVersion"] != self._revision.current:
            raise Failed(
                "INVALID_LAMBDA_CONFIGURATION",
                f"The alias {self.target_id} points to version {alias['FunctionVersion']}, the AppSpec file says "
                f"{self._revision.current}",
            )
        self._look()

    def _require_permission(self, action: str, resource: str) -> None:
        """Raise Failed unless the group's role has a permission of AWSCodeDeployRoleForLambda, AWS's own policy."""
        arn = context.arn("lambda", resource)
        decision = iam.authorise_role(self.group["serviceRoleArn"], "codedeploy", action, arn, {})
        if not decision.allowed:
            raise Failed("IAM_ROLE_PERMISSIONS", decision.message)

    def _hook(self, event: str, function: str | None) -> None:
        if function is None:
            self._events[event] = {"lifecycleEventName": event, "status": "Skipped"}
            return
        name = str(uuid.uuid4())
        self._hooks[name] = threading.Event()
        self._events[event] = {"lifecycleEventName": event, "status": "InProgress", "startTime": datetime.now(UTC)}
        payload = {"DeploymentId": self.id, "LifecycleEventHookExecutionId": name}
        self._client().invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode())
        seconds = max(_LEAST_HOOK_SECONDS, _HOOK_SECONDS * context.settings.time_scale)
        deadline = time.monotonic() + seconds
        while not self._hooks[name].wait(_LOOK_SECONDS):
            self._look()
            if time.monotonic() > deadline:
                self._answers[name] = "Unknown"
                break
        status = self._answers[name]
        self._events[event] |= {"status": status, "endTime": datetime.now(UTC)}
        if status != "Succeeded":
            message = "has failed" if status == "Failed" else "did not answer in time"
            raise Failed("HOOK_EXECUTION_FAILURE", f"The hook {event} of the function {function} {message}")

    def _allow_traffic(self) -> None:
        event = {"lifecycleEventName": "AllowTraffic", "status": "InProgress", "startTime": datetime.now(UTC)}
        self._events["AllowTraffic"] = event
        revision = self._revision
        for share, seconds in self._steps:
            self._route(revision.current, {revision.target: share})
            self._weight = 100 * share
            deadline = time.monotonic() + seconds * context.settings.time_scale
            while time.monotonic() < deadline:
                time.sleep(min(_LOOK_SECONDS, max(0.0, deadline - time.monotonic())))
                self._look()
            self._look()
        self._route(revision.target, {})
        self._weight = 100.0
        event |= {"status": "Succeeded", "endTime": datetime.now(UTC)}

    def _look(self) -> None:
        """Raise Failed when a stop was requested or an alarm is active."""
        if self._stop is not None:
            raise self._stop
        names = groups.alarms(self.group)
        unread = self._unread(names)
        if unread and not self.group["alarmConfiguration"].get("ignorePollAlarmFailure"):
            raise Failed("ALARM_ACTIVE", f"Alarms cannot be read: {unread}", "DEPLOYMENT_STOP_ON_ALARM")
        if active := alarms.active(names):
            message = f"One or more alarms have been activated according to the Amazon CloudWatch metrics: {active}"
            raise Failed("ALARM_ACTIVE", message, "DEPLOYMENT_STOP_ON_ALARM")

    def _unread(self, names: list[str]) -> str:
        """Why the alarms cannot be read under the group's role; empty when they can."""
        if not names:
            return ""
        action = "cloudwatch:DescribeAlarms"
        decision = iam.authorise_role(self.group["serviceRoleArn"], "codedeploy", action, "*", {})
        return ", ".join(alarms.missing(names)) if decision.allowed else decision.message

    def _give_up(self, failure: Failed) -> None:
        self._error = {"code": failure.code, "message": str(failure)}
        for event in self._events.values():
            if event["status"] == "InProgress":
                event |= {"status": "Failed", "endTime": datetime.now(UTC)}
        rolls_back = groups.rolls_back(self.group, failure.event)
        if failure.event == "DEPLOYMENT_STOP_ON_REQUEST" and self._rolls_back_on_stop is not None:
            rolls_back = self._rolls_back_on_stop
        if rolls_back and self._weight:
            try:
                self._route(self._revision.current, {})
                self._weight = 0.0
                message = f"The alias {self.target_id} is back on version {self._revision.current}: {failure}"
                self._rollback = {"rollbackTriggeringDeploymentId": self.id, "rollbackMessage": message}
            except (ClientError, context.RoleNotAssumable) as error:
                self._error["message"] += f"; the rollback failed: {error}"
        self._end("Stopped" if failure.event != "DEPLOYMENT_FAILURE" else "Failed")

    def _route(self, version: str, weights: dict[str, float]) -> None:
        self._client().update_alias(
            FunctionName=self._revision.function,
            Name=self._revision.alias,
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights},
        )

    def _client(self) -> BaseClient:
        return context.client("lambda", self.group["serviceRoleArn"], PRINCIPAL)

    def _end(self, status: str) -> None:
        self._times["completeTime"] = datetime.now(UTC)
        self._become(status)

    def _become(self, status: str) -> None:
        self.status = status
        state = {"InProgress": "START", "Succeeded": "SUCCESS", "Failed": "FAILURE", "Stopped": "STOP"}[status]
        application, group = self.group["applicationName"], self.group["deploymentGroupName"]
        context.put_event(
            source="aws.codedeploy",
            detail_type="CodeDeploy Deployment State-change Notification",
            detail={
                "region": context.region(),
                "deploymentId": self.id,
                "instanceGroupId": self.group["deploymentGroupId"],
                "deploymentGroup": group,
                "state": state,
                "application": application,
            },
            resources=[
                context.arn("codedeploy", f"deploymentgroup:{application}/{group}"),
                context.arn("codedeploy", f"application:{application}"),
            ],
        )
