"""CodeDeploy's types for CloudFormation, and the update policy of a Lambda alias."""

import json
from functools import partial
from typing import Any

from mlops.localcloud import context
from mlops.localcloud.cloudformation import ResourceType, physical_name
from mlops.localcloud.codedeploy.deployments import get
from mlops.localcloud.ministack import lambda_aliases

# A name that CloudFormation generates may be as long as the service allows.
_MAXIMUM = 100


class NotShifted(Exception):
    """The traffic of an alias could not be shifted to the new version."""


def _create(kind: str, properties: dict, logical_id: str, stack_name: str) -> tuple[str, dict]:
    key = _NAMES[kind]
    request = _request(properties)
    request.setdefault(key, physical_name(stack_name, logical_id, _MAXIMUM))
    getattr(context.client("codedeploy"), f"create_{kind}")(**request)
    return request[key], {}


def _delete(kind: str, physical_id: str, properties: dict) -> None:
    request = {_NAMES[kind]: physical_id}
    if kind == "deployment_group":
        request["applicationName"] = properties["ApplicationName"]
    getattr(context.client("codedeploy"), f"delete_{kind}")(**request)


def _update_group(physical_id: str, old: dict, new: dict) -> tuple[str, dict]:
    request = {key: value for key, value in _request(new).items() if key not in ("tags", "deploymentGroupName")}
    context.client("codedeploy").update_deployment_group(currentDeploymentGroupName=physical_id, **request)
    return physical_id, {}


def _unchanged(physical_id: str, old: dict, new: dict) -> tuple[str, dict]:
    return physical_id, {}


def shift(policy: dict, alias_arn: str, current: str, target: str) -> None:
    """Shift an alias to another version by a deployment, and wait for its end. Raises NotShifted.

    Source: AWS CloudFormation User Guide, "CodeDeployLambdaAliasUpdate policy".
    """
    *_, function, alias = alias_arn.split(":")
    hooks = [
        {event: policy[key]}
        for event, key in (
            ("BeforeAllowTraffic", "BeforeAllowTrafficHook"),
            ("AfterAllowTraffic", "AfterAllowTrafficHook"),
        )
        if policy.get(key)
    ]
    properties = {"Name": function, "Alias": alias, "CurrentVersion": current, "TargetVersion": target}
    spec = {
        "version": 0.0,
        "Resources": [{function: {"Type": "AWS::Lambda::Function", "Properties": properties}}],
        "Hooks": hooks,
    }
    request = {
        "applicationName": policy["ApplicationName"],
        "deploymentGroupName": policy["DeploymentGroupName"],
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(spec)}},
    }
    created = context.client("codedeploy").create_deployment(**request)
    deployment = get(created["deploymentId"])
    deployment.ended.wait()
    # On AWS some seconds pass before CloudFormation deletes the old version and the resources that it calls.
    lambda_aliases.await_invocations(function, current if deployment.status == "Succeeded" else target)
    if deployment.status != "Succeeded":
        error = deployment.description()["errorInformation"] or {}
        raise NotShifted(
            f"CodeDeploy deployment {deployment.id} of {function}:{alias} ended as {deployment.status}: "
            f"{error.get('message')} ({error.get('code')})"
        )


def _request(value: Any) -> Any:
    """Properties as members of a request: CodeDeploy's begin in lower case."""
    if isinstance(value, dict):
        return {_member(key): _request(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_request(item) for item in value]
    return int(value) if isinstance(value, str) and value.isdigit() else value


def _member(key: str) -> str:
    return key if key in ("Key", "Value") else key[0].lower() + key[1:]


_NAMES = {
    "application": "applicationName",
    "deployment_config": "deploymentConfigName",
    "deployment_group": "deploymentGroupName",
}

resource_types = {
    "AWS::CodeDeploy::Application": ResourceType(
        partial(_create, "application"),
        partial(_delete, "application"),
        _unchanged,
        replace_on=("ApplicationName", "ComputePlatform"),
    ),
    "AWS::CodeDeploy::DeploymentConfig": ResourceType(
        partial(_create, "deployment_config"),
        partial(_delete, "deployment_config"),
        _unchanged,
        replace_on=("ComputePlatform", "DeploymentConfigName", "TrafficRoutingConfig"),
        tagged=False,
    ),
    "AWS::CodeDeploy::DeploymentGroup": ResourceType(
        partial(_create, "deployment_group"),
        partial(_delete, "deployment_group"),
        _update_group,
        replace_on=("ApplicationName",),
    ),
}
