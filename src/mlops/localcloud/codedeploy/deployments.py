"""Deployments: started, described, stopped, and answered by their hooks."""

import random
import string

from mlops.localcloud import context
from mlops.localcloud.codedeploy import configurations, records, revisions
from mlops.localcloud.codedeploy.deployment import Deployment
from mlops.localcloud.codedeploy.service import PAGE, service
from mlops.localcloud.errors import AWSError
from mlops.localcloud.paging import page
from mlops.localcloud.support import ANY, refuse_others

_SUPPORTED = {
    "applicationName": ANY,
    "deploymentGroupName": ANY,
    "deploymentConfigName": ANY,
    "revision": ANY,
    "description": ANY,
}

_deployments = context.scoped(dict[str, Deployment])


@service.operation
def create_deployment(request: dict) -> dict:
    """Start to shift an alias, in the background."""
    refuse_others("CreateDeployment", request, _SUPPORTED)
    return {"deploymentId": start(request, "user").id}


@service.operation
def get_deployment(request: dict) -> dict:
    return {"deploymentInfo": get(request["deploymentId"]).description()}


@service.operation
def list_deployments(request: dict) -> dict:
    """The ids of the deployments of an application, a group, or all, the newest first."""
    filters = {key: request[key] for key in ("applicationName", "deploymentGroupName") if key in request}
    statuses = request.get("includeOnlyStatuses") or []
    matches = [
        each.id
        for each in reversed(list(_deployments().values()))
        if all(each.group[key] == value for key, value in filters.items()) and (not statuses or each.status in statuses)
    ]
    return page(request, matches, "deployments", PAGE)


@service.operation
def list_deployment_targets(request: dict) -> dict:
    return page(request, [get(request["deploymentId"]).target_id], "targetIds", PAGE)


@service.operation
def get_deployment_target(request: dict) -> dict:
    return {"deploymentTarget": get(request["deploymentId"]).target()}


@service.operation
def batch_get_deployment_targets(request: dict) -> dict:
    return {"deploymentTargets": [get(request["deploymentId"]).target()]}


@service.operation
def stop_deployment(request: dict) -> dict:
    """Stop a deployment; its alias returns to the previous version when its group rolls back on a stop."""
    deployment = get(request["deploymentId"])
    if deployment.ended.is_set():
        raise AWSError("DeploymentAlreadyCompletedException", f"Deployment {deployment.id} has completed")
    deployment.stop(request.get("autoRollbackEnabled"))
    return {"status": "Pending", "statusMessage": "Stopping the deployment"}


@service.operation
def put_lifecycle_event_hook_execution_status(request: dict) -> dict:
    """Accept the result of a hook."""
    deployment = get(request["deploymentId"])
    hook = request["lifecycleEventHookExecutionId"]
    if not deployment.answer(hook, request["status"]):
        raise AWSError("InvalidLifecycleEventHookExecutionIdException", f"{hook} waits for no answer")
    return {"lifecycleEventHookExecutionId": hook}


def start(request: dict, creator: str) -> Deployment:
    """Start a deployment for a request or another service."""
    group = records.group(request["applicationName"], request["deploymentGroupName"])
    configuration = request.get("deploymentConfigName", group["deploymentConfigName"])
    steps = configurations.steps(configuration)
    revision = revisions.parse(request.get("revision") or {})
    running = next((each for each in _deployments().values() if not each.ended.is_set() and each.group == group), None)
    if running is not None:
        raise AWSError(
            "DeploymentLimitExceededException", f"Deployment {running.id} of this deployment group is in progress"
        )
    name = "d-" + "".join(random.choices(string.ascii_uppercase + string.digits, k=9))
    deployment = Deployment(name, group, configuration, steps, revision, request, creator)
    _deployments()[name] = deployment
    context.spawn(deployment.run)
    return deployment


def get(name: str) -> Deployment:
    """The deployment of this id. Raises AWSError when it does not exist."""
    if name not in _deployments():
        raise AWSError("DeploymentDoesNotExistException", f"The deployment {name} could not be found")
    return _deployments()[name]
