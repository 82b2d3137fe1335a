"""The permissions that CloudFormation needs of a role to change a resource of a stack.

They are those that its handlers declare. The local cloud itself makes fewer calls than the handlers.
"""

from collections.abc import Iterator
from typing import Any

from mlops.localcloud.enforcement import handler_resources, handler_rules, handlers
from mlops.localcloud.enforcement.handler_resources import Resource

Check = tuple[str, str, dict[str, Any]]


def needed(change: str, resource: Resource, before: dict[str, Any] | None = None) -> Iterator[Check]:
    """The actions, resources and condition keys of one change: create, update or delete.

    `before` are the properties before an update: removing a property requires permissions, too. Raises LookupError for
    an unknown type.
    """
    kind, properties = resource.kind, {**(before or {}), **resource.properties}
    if kind.startswith("Custom::"):
        # Its only handler is the function that it names.
        yield "lambda:InvokeFunction", properties["ServiceToken"], {}
        return
    for action in handlers.permissions(kind, change):
        if not handler_rules.is_needed(kind, action, properties):
            continue
        if action in ("iam:PassRole", "iam:GetRole") and kind != "AWS::IAM::Role":
            for role, service in handler_resources.passed_roles(resource):
                yield action, role, {"iam:PassedToService": service}
            continue
        for arn in handler_resources.arns(resource, action):
            yield action, arn, _keys(resource, action)


def _keys(resource: Resource, action: str) -> dict[str, Any]:
    """The condition keys of this action, besides the global ones."""
    if action == "iam:CreateServiceLinkedRole":
        return {"iam:AWSServiceName": "sagemaker.application-autoscaling.amazonaws.com"}
    if action.startswith("application-autoscaling:") and "ServiceNamespace" in resource.properties:
        return {"application-autoscaling:service-namespace": resource.properties["ServiceNamespace"]}
    if action == "kms:CreateGrant":
        # ECR and Lambda create the grants, for the data that they encrypt.
        return {"kms:GrantIsForAWSResource": "true"}
    boundary = resource.properties.get("PermissionsBoundary")
    return {"iam:PermissionsBoundary": boundary} if boundary else {}
