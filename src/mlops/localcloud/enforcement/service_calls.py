"""Authorises service-to-service calls that ministack does not authorise.

EventBridge starts state machines under the role of a rule's target, API Gateway invokes functions under the role of
an integration.
"""

from mlops.localcloud.identity import roles
from mlops.localcloud.ministack import hooks, iam


class Denied(Exception):
    """The role lacks a permission; the text is AWS's message."""


def install() -> None:
    """Check each such call."""
    hooks.around_state_machine_targets(_may_start)
    hooks.around_integrations(_may_invoke)


def _may_start(role_arn: str, machine_arn: str) -> None:
    _check(role_arn, "events.amazonaws.com", "states:StartExecution", machine_arn)


def _may_invoke(role_arn: str, function_arn: str) -> None:
    _check(role_arn, "apigateway.amazonaws.com", "lambda:InvokeFunction", function_arn)


def _check(role_arn: str, service: str, action: str, resource: str) -> None:
    """Raise RoleNotAssumable or Denied unless a service may do this under the role."""
    roles.require_assumable(role_arn, service)
    decision = iam.authorise_role(role_arn, service.partition(".")[0], action, resource, {})
    if not decision.allowed:
        raise Denied(decision.message)
