"""Authorises requests to the services that the local cloud adds: the action, and the roles that the request passes."""

import time
from typing import Any

from mlops.localcloud.identity import service_reference
from mlops.localcloud.ministack import iam, scope
from mlops.localcloud.ministack.iam import Decision

# How long the decision about an InvokeEndpoint is cached: it is the hot path.
_REMEMBERED_SECONDS = 1.0
_remembered: dict[tuple[str, str], float] = {}

# The services that receive the roles of a request, by the service that is called.
_PASSED_TO = {
    "sagemaker": "sagemaker.amazonaws.com",
    "codebuild": "codebuild.amazonaws.com",
    "codepipeline": "codepipeline.amazonaws.com",
    "codedeploy": "codedeploy.amazonaws.com",
}
_ROLE_MEMBERS = {"RoleArn", "ExecutionRoleArn", "serviceRole", "serviceRoleArn"}


def check(service: str, operation: str, request: dict, headers: dict[str, str]) -> Decision | None:
    """The denial of a request, or None when it is allowed. Raises NotAuthenticated for bad credentials."""
    name = "sagemaker" if service == "sagemaker-runtime" else service
    action = f"{name}:{operation}"
    for resource in service_reference.resources(name, operation, request):
        if not _is_remembered(service, headers, resource):
            decision = iam.authorise(headers, name, action, resource, {})
            if not decision.allowed:
                return decision
            _remember(service, headers, resource)
    for role in _roles(name, operation, request):
        keys = {"iam:PassedToService": _PASSED_TO[name]}
        decision = iam.authorise(headers, "iam", "iam:PassRole", role, keys)
        if not decision.allowed:
            return decision
    return None


def _roles(service: str, operation: str, request: dict) -> list[str]:
    """The roles that a request passes to the service. Roles of a pipeline's actions are not checked."""
    if service not in _PASSED_TO or not operation.startswith(("Create", "Update")):
        return []
    if service == "codepipeline":
        return [request["pipeline"]["roleArn"]]
    roles = [value for key, value in request.items() if key in _ROLE_MEMBERS and isinstance(value, str)]
    nested: Any = request.get("TrainingJobDefinition", {})
    return roles + [nested["RoleArn"]] if "RoleArn" in nested else roles


def _is_remembered(service: str, headers: dict[str, str], resource: str) -> bool:
    if service != "sagemaker-runtime":
        return False
    return _remembered.get((_credential(headers), resource), 0) > time.monotonic()


def _remember(service: str, headers: dict[str, str], resource: str) -> None:
    if service == "sagemaker-runtime":
        if len(_remembered) > 1000:
            _remembered.clear()
        _remembered[_credential(headers), resource] = time.monotonic() + _REMEMBERED_SECONDS


def _credential(headers: dict[str, str]) -> str:
    """Account, access key and session token of a request."""
    credential = headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]
    return f"{scope.account()} {credential} {headers.get('x-amz-security-token', '')}"
