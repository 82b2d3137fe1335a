"""Deployment configurations: how the traffic of an alias shifts to another version, all at once, by canary or linearly."""

import uuid
from datetime import UTC, datetime

from mlops.localcloud.codedeploy import records
from mlops.localcloud.codedeploy.service import PAGE, PLATFORM, require_lambda, service
from mlops.localcloud.errors import AWSError
from mlops.localcloud.paging import page


def _traffic(kind: str, percentage: int = 0, minutes: int = 0) -> dict:
    match kind:
        case "TimeBasedCanary":
            return {"type": kind, "timeBasedCanary": {"canaryPercentage": percentage, "canaryInterval": minutes}}
        case "TimeBasedLinear":
            return {"type": kind, "timeBasedLinear": {"linearPercentage": percentage, "linearInterval": minutes}}
    return {"type": kind}


# AWS CodeDeploy User Guide, "Predefined deployment configurations for an AWS Lambda compute platform".
_PREDEFINED = {
    "CodeDeployDefault.LambdaAllAtOnce": _traffic("AllAtOnce"),
    **{
        f"CodeDeployDefault.LambdaCanary10Percent{minutes}Minutes": _traffic("TimeBasedCanary", 10, minutes)
        for minutes in (5, 10, 15, 30)
    },
    **{
        f"CodeDeployDefault.LambdaLinear10PercentEvery{minutes}Minute{'s' if minutes > 1 else ''}": _traffic(
            "TimeBasedLinear", 10, minutes
        )
        for minutes in (1, 2, 3, 10)
    },
}
DEFAULT = "CodeDeployDefault.LambdaAllAtOnce"


@service.operation
def create_deployment_config(request: dict) -> dict:
    """Create a configuration for Lambda."""
    require_lambda(request)
    name = request["deploymentConfigName"]
    if name in records.configurations() or name in _PREDEFINED:
        raise AWSError("DeploymentConfigAlreadyExistsException", f"Deployment config already exists: {name}")
    routing = request.get("trafficRoutingConfig") or _traffic("AllAtOnce")
    created = {
        "deploymentConfigId": str(uuid.uuid4()),
        "deploymentConfigName": name,
        "createTime": datetime.now(UTC),
        "computePlatform": PLATFORM,
        "trafficRoutingConfig": routing,
    }
    _require_routing(routing)
    records.configurations()[name] = created
    return {"deploymentConfigId": created["deploymentConfigId"]}


@service.operation
def get_deployment_config(request: dict) -> dict:
    return {"deploymentConfigInfo": get(request["deploymentConfigName"])}


@service.operation
def list_deployment_configs(request: dict) -> dict:
    return page(request, sorted([*_PREDEFINED, *records.configurations()]), "deploymentConfigsList", PAGE)


@service.operation
def delete_deployment_config(request: dict) -> None:
    """Delete a configuration that no group uses."""
    name = request["deploymentConfigName"]
    if any(group["deploymentConfigName"] == name for group in records.groups().values()):
        raise AWSError("DeploymentConfigInUseException", f"Deployment config {name} is in use")
    records.configurations().pop(name, None)


def get(name: str) -> dict:
    """The configuration of this name, predefined or created. Raises AWSError when it does not exist."""
    if name in _PREDEFINED:
        return {
            "deploymentConfigName": name,
            "computePlatform": PLATFORM,
            "trafficRoutingConfig": _PREDEFINED[name],
        }
    if name not in records.configurations():
        raise AWSError("DeploymentConfigDoesNotExistException", f"No Deployment Configuration found for name: {name}")
    return records.configurations()[name]


def steps(name: str) -> list[tuple[float, float]]:
    """The shares of the traffic before all of it is shifted, each with the seconds until the next step."""
    routing = get(name)["trafficRoutingConfig"]
    if routing["type"] == "TimeBasedCanary":
        canary = routing["timeBasedCanary"]
        return [(canary["canaryPercentage"] / 100, 60.0 * canary["canaryInterval"])]
    if routing["type"] == "TimeBasedLinear":
        linear = routing["timeBasedLinear"]
        return [
            (percentage / 100, 60.0 * linear["linearInterval"])
            for percentage in range(linear["linearPercentage"], 100, linear["linearPercentage"])
        ]
    return []


def _require_routing(routing: dict) -> None:
    member = {"TimeBasedCanary": "timeBasedCanary", "TimeBasedLinear": "timeBasedLinear"}.get(routing["type"])
    if member and len(routing.get(member, {})) != 2:
        raise AWSError(
            "InvalidTrafficRoutingConfigurationException",
            f"trafficRoutingConfig of type {routing['type']} needs {member} with percentage and interval",
        )
