"""Deployment groups: alarms, rollbacks, configuration and role of an application's deployments."""

import uuid

from mlops.localcloud.codedeploy import configurations, records
from mlops.localcloud.codedeploy.service import PAGE, PLATFORM, PRINCIPAL, service
from mlops.localcloud.errors import AWSError
from mlops.localcloud.identity import roles
from mlops.localcloud.paging import page
from mlops.localcloud.support import ANY, refuse_others

_SUPPORTED = {
    "applicationName": ANY,
    "deploymentGroupName": ANY,
    "currentDeploymentGroupName": ANY,
    "deploymentConfigName": ANY,
    "serviceRoleArn": ANY,
    "alarmConfiguration": ANY,
    "autoRollbackConfiguration": ANY,
    "deploymentStyle": {"deploymentType": {"BLUE_GREEN"}, "deploymentOption": {"WITH_TRAFFIC_CONTROL"}},
    "tags": ANY,
}


@service.operation
def create_deployment_group(request: dict) -> dict:
    """Create a group. CodeDeploy must be able to assume its role."""
    refuse_others("CreateDeploymentGroup", request, _SUPPORTED)
    application, name = request["applicationName"], request["deploymentGroupName"]
    records.application(application)
    if (application, name) in records.groups():
        raise AWSError("DeploymentGroupAlreadyExistsException", f"Deployment group already exists: {name}")
    created = {
        **{key: value for key, value in request.items() if key != "tags"},
        "deploymentGroupId": str(uuid.uuid4()),
        "deploymentConfigName": request.get("deploymentConfigName", configurations.DEFAULT),
        "computePlatform": PLATFORM,
    }
    _require_usable(created)
    records.groups()[application, name] = created
    return {"deploymentGroupId": created["deploymentGroupId"]}


@service.operation
def update_deployment_group(request: dict) -> dict:
    """Change what a request names; the rest stays."""
    refuse_others("UpdateDeploymentGroup", request, _SUPPORTED)
    application = request["applicationName"]
    group = records.group(application, request["currentDeploymentGroupName"])
    changes = {key: value for key, value in request.items() if key != "currentDeploymentGroupName"}
    updated = {**group, **changes}
    _require_usable(updated)
    records.groups().pop((application, group["deploymentGroupName"]))
    records.groups()[application, updated["deploymentGroupName"]] = updated
    return {}


@service.operation
def get_deployment_group(request: dict) -> dict:
    return {"deploymentGroupInfo": records.group(request["applicationName"], request["deploymentGroupName"])}


@service.operation
def list_deployment_groups(request: dict) -> dict:
    application = records.application(request["applicationName"])["applicationName"]
    names = [name for owner, name in records.groups() if owner == application]
    return {"applicationName": application, **page(request, sorted(names), "deploymentGroups", PAGE)}


@service.operation
def delete_deployment_group(request: dict) -> dict:
    records.groups().pop((request["applicationName"], request["deploymentGroupName"]), None)
    return {"hooksNotCleanedUp": []}


def alarms(group: dict) -> list[str]:
    """The names of the alarms that stop the group's deployments."""
    configured = group.get("alarmConfiguration") or {}
    return [alarm["name"] for alarm in configured.get("alarms", [])] if configured.get("enabled") else []


def rolls_back(group: dict, event: str) -> bool:
    """Whether the group's deployments are rolled back on DEPLOYMENT_FAILURE, …STOP_ON_ALARM or …STOP_ON_REQUEST."""
    configured = group.get("autoRollbackConfiguration") or {}
    return bool(configured.get("enabled")) and event in configured.get("events", [])


def _require_usable(group: dict) -> None:
    configurations.get(group["deploymentConfigName"])
    try:
        roles.require_assumable(group["serviceRoleArn"], PRINCIPAL)
    except roles.RoleNotAssumable as error:
        raise AWSError("InvalidRoleException", str(error)) from error
