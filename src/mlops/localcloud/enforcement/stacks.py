"""The roles under which CloudFormation changes stacks: the stack's own, or that of the caller.

The role needs the permissions of CloudFormation's handler of a resource's type. Our own resource types also call their
services under that role, which check each call again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from mlops.localcloud import context
from mlops.localcloud.enforcement import stack_actions
from mlops.localcloud.enforcement.handler_resources import Resource
from mlops.localcloud.identity import roles
from mlops.localcloud.identity.roles import AssumedRole
from mlops.localcloud.ministack import authorization, hooks, iam, lambda_aliases
from mlops.localcloud.protocol import Response, form_parameters

_SERVICE = "cloudformation.amazonaws.com"
_CHANGING = {"CreateStack", "UpdateStack", "CreateChangeSet", "ExecuteChangeSet", "DeleteStack", "RollbackStack"}

# Twelve characters make a generated name unique; they are unknown before the resource is created.
_SUFFIX = "000000000000"

_roles = context.scoped(dict[str, AssumedRole])


class Denied(Exception):
    """The role of a stack lacks a permission for a change of a resource."""


def install() -> None:
    """Record the roles of stacks, and check each change of a resource."""
    authorization.treat_loopback_as_tls()
    authorization.correct_actions_and_resources()
    authorization.add_conditional_write_keys()
    authorization.add_request_keys()
    hooks.before("cloudformation", _remember)
    hooks.around_stack_resources(_under_role)


def _remember(headers: dict[str, str], body: bytes, query: dict) -> Response | None:
    """Record the role of a change. AWS keeps it for later operations on the stack."""
    request = form_parameters(body, query)
    action, stack = request.get("Action", ""), _name(request.get("StackName", ""))
    if action not in _CHANGING or not stack:
        return None
    role_arn = request.get("RoleARN")
    if role_arn:
        keys = {"iam:PassedToService": _SERVICE}
        decision = iam.authorise(headers, "iam", "iam:PassRole", role_arn, keys)
        if not decision.allowed:
            return _refusal(403, "AccessDenied", decision.message)
        if not iam.is_assumable(role_arn, _SERVICE, None):
            return _refusal(400, "ValidationError", f"Role {role_arn} is invalid or cannot be assumed")
        _roles()[stack] = AssumedRole(role_arn, _SERVICE)
        return None
    known = _roles().get(stack)
    if known is None or known.service != _SERVICE:
        _as_caller(headers, stack)
    return None


def _as_caller(headers: dict[str, str], stack: str) -> None:
    """Let CloudFormation act with the permissions of the caller, for a stack without a role."""
    key = headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]
    role_arn = iam.session_role(key)
    if role_arn is None:
        _roles().pop(stack, None)
    else:
        _roles()[stack] = AssumedRole(role_arn, roles.CALLER)


@contextmanager
def _under_role(
    change: str, kind: str, stack: str, properties: dict, physical_id: str, logical_id: str, before: dict
) -> Iterator[None]:
    assumed = _roles().get(stack)
    if assumed is None:
        yield
        return
    # CloudFormation tags the resources that it creates with the tags of the stack.
    contexts = ["RequestTag", "ResourceTag"] if change == "create" else ["ResourceTag"]
    tags = {f"aws:{each}/{key}": value for key, value in iam.stack_tags(stack).items() for each in contexts}
    policy = lambda_aliases.update_policy(stack, logical_id) if kind == "AWS::Lambda::Alias" else None
    described = {**properties, "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": policy}} if policy else properties
    resource = Resource(kind, described, physical_id, f"{stack}-{logical_id}-{_SUFFIX}")
    for action, arn, keys in stack_actions.needed(change, resource, before):
        decision = iam.authorise_role(assumed.role_arn, assumed.session_name, action, arn, {**tags, **keys})
        if not decision.allowed:
            raise Denied(decision.message)
    with roles.acting(assumed.role_arn, assumed.service):
        yield


def _name(stack: str) -> str:
    """The name of a stack that is given by name or by id."""
    return stack.split("/")[1] if stack.startswith("arn:") else stack


def _refusal(status: int, code: str, message: str) -> Response:
    body = (
        '<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
    return status, {"Content-Type": "text/xml"}, body.encode()
