"""What CloudFormation needs of a role to change a resource of the types that ministack brings.

Source: the handlers' permissions in CloudFormation's resource schemas, as far as the properties in use need them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mlops.localcloud import base

Check = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True)
class Handler:
    """The actions of a type for each change, checked on `resource(properties, physical id, generated name)`.

    `passes` names the property with a role that is handed to `service`.
    """

    resource: Callable[[dict, str, str], str]
    create: tuple[str, ...]
    update: tuple[str, ...]
    delete: tuple[str, ...]
    passes: str = ""
    service: str = ""
    keys: Callable[[dict], dict[str, Any]] = field(default=lambda properties: {})


def needed(change: str, kind: str, properties: dict, physical_id: str, generated: str) -> Iterator[Check]:
    """The actions, resources and condition keys of one change: create, update or delete.

    `physical_id` is empty before a resource is made; `generated` is the name that it gets where it is given none.

    Nothing for the types whose handlers call the services themselves. Raises LookupError for a type that is neither.
    """
    if kind.startswith(_CALLING) or kind in _CALLING_TYPES:
        return
    handler = _HANDLERS.get(kind)
    if handler is None:
        raise LookupError(f"The local cloud does not know which permissions {kind} takes, and the stack has a role")
    resource, keys = (
        handler.resource(properties, physical_id, generated),
        handler.keys(properties),
    )
    for action in getattr(handler, change):
        yield action, resource, keys
    role = properties.get(handler.passes) if handler.passes and change != "delete" else None
    if isinstance(role, str):
        yield "iam:PassRole", role, {"iam:PassedToService": handler.service}
    for target in properties.get("Targets", []) if change != "delete" and kind == "AWS::Events::Rule" else []:
        if "RoleArn" in target:
            yield "iam:PassRole", target["RoleArn"], {"iam:PassedToService": "events.amazonaws.com"}


# Types of the local cloud's own services.
_CALLING = ("AWS::SageMaker::", "AWS::CodeBuild::", "AWS::CodePipeline::", "AWS::CodeDeploy::")
_CALLING_TYPES = {
    "AWS::IAM::OIDCProvider",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
}


def _in_region(service: str, pattern: str, *properties: str) -> Callable[[dict, str, str], str]:
    """An ARN of a service whose pattern takes the first property that is there, or the physical id."""

    def resource(found: dict, physical_id: str, generated: str) -> str:
        if physical_id.startswith(f"arn:aws:{service}:"):
            return physical_id
        name = next((found[name] for name in properties if found.get(name)), physical_id or generated)
        return f"arn:aws:{service}:{base.region()}:{base.account()}:{pattern.format(name)}"

    return resource


def _global(service: str, pattern: str, *properties: str) -> Callable[[dict, str, str], str]:
    def resource(found: dict, physical_id: str, generated: str) -> str:
        if physical_id.startswith("arn:"):
            return physical_id
        name = next((found[name] for name in properties if found.get(name)), physical_id or generated)
        owner, path = (base.account(), found.get("Path", "/")[1:]) if service == "iam" else ("", "")
        return f"arn:aws:{service}::{owner}:{pattern.format(f'{path}{name}')}"

    return resource


def _api(path: str) -> Callable[[dict, str, str], str]:
    """API Gateway's management ARNs are paths of its REST API."""

    def resource(found: dict, physical_id: str, generated: str) -> str:
        filled = path.format(id=physical_id or "*", api=found.get("RestApiId", "*"), plan=found.get("UsagePlanId", "*"))
        return f"arn:aws:apigateway:{base.region()}::{filled}"

    return resource


def _boundary(properties: dict) -> dict[str, Any]:
    boundary = properties.get("PermissionsBoundary")
    return {"iam:PermissionsBoundary": boundary} if boundary else {}


def _crud(prefix: str, create: str, update: str, delete: str) -> dict[str, tuple[str, ...]]:
    """Actions of one service, given as words."""
    return {
        name: tuple(f"{prefix}:{word}" for word in words.split())
        for name, words in (("create", create), ("update", update), ("delete", delete))
    }


_FUNCTION = _in_region("lambda", "function:{}", "FunctionName")
_HANDLERS: dict[str, Handler] = {
    "AWS::ApiGateway::ApiKey": Handler(_api("/apikeys"), **_crud("apigateway", "POST", "POST", "")),
    "AWS::ApiGateway::Account": Handler(_api("/account"), **_crud("apigateway", "PATCH", "PATCH", "PATCH")),
    "AWS::ApiGateway::Deployment": Handler(
        _api("/restapis/{api}/deployments"), **_crud("apigateway", "POST", "POST", "")
    ),
    "AWS::ApiGateway::Method": Handler(
        _api("/restapis/{api}/resources/*/methods/*"), **_crud("apigateway", "PUT", "PUT", "DELETE")
    ),
    "AWS::ApiGateway::Resource": Handler(
        _api("/restapis/{api}/resources/*"), **_crud("apigateway", "POST", "PATCH", "DELETE")
    ),
    "AWS::ApiGateway::RestApi": Handler(_api("/restapis/{id}"), **_crud("apigateway", "POST", "PATCH", "DELETE")),
    "AWS::ApiGateway::Stage": Handler(
        _api("/restapis/{api}/stages/*"), **_crud("apigateway", "POST", "PATCH", "DELETE")
    ),
    "AWS::ApiGateway::UsagePlan": Handler(_api("/usageplans/{id}"), **_crud("apigateway", "POST", "PATCH", "DELETE")),
    "AWS::ApiGateway::UsagePlanKey": Handler(
        _api("/usageplans/{plan}/keys"), **_crud("apigateway", "POST", "POST", "")
    ),
    "AWS::CloudWatch::Alarm": Handler(
        _in_region("cloudwatch", "alarm:{}", "AlarmName"),
        **_crud("cloudwatch", "PutMetricAlarm DescribeAlarms", "PutMetricAlarm DescribeAlarms", "DeleteAlarms"),
    ),
    "AWS::ECR::Repository": Handler(
        _in_region("ecr", "repository/{}", "RepositoryName"),
        **_crud("ecr", "CreateRepository", "PutImageScanningConfiguration", "DeleteRepository"),
    ),
    "AWS::Events::Rule": Handler(
        _in_region("events", "rule/{}", "Name"),
        **_crud("events", "PutRule PutTargets DescribeRule", "PutRule PutTargets", "RemoveTargets DeleteRule"),
    ),
    "AWS::IAM::ManagedPolicy": Handler(
        _global("iam", "policy/{}", "ManagedPolicyName"),
        **_crud("iam", "CreatePolicy", "CreatePolicyVersion", "DeletePolicy"),
    ),
    "AWS::IAM::Role": Handler(
        _global("iam", "role/{}", "RoleName"),
        **_crud("iam", "CreateRole PutRolePolicy", "PutRolePolicy", "DeleteRolePolicy DeleteRole"),
        keys=_boundary,
    ),
    "AWS::KMS::Alias": Handler(
        _in_region("kms", "{}", "AliasName"), **_crud("kms", "CreateAlias", "UpdateAlias", "DeleteAlias")
    ),
    # A key that is not made yet has no ARN.
    "AWS::KMS::Key": Handler(
        lambda _, physical_id, __: (
            f"arn:aws:kms:{base.region()}:{base.account()}:key/{physical_id}" if physical_id else "*"
        ),
        **_crud("kms", "CreateKey", "PutKeyPolicy", "ScheduleKeyDeletion"),
    ),
    "AWS::Lambda::Alias": Handler(_FUNCTION, **_crud("lambda", "CreateAlias", "UpdateAlias GetAlias", "DeleteAlias")),
    "AWS::Lambda::Function": Handler(
        _FUNCTION,
        **_crud(
            "lambda",
            "CreateFunction GetFunction",
            "UpdateFunctionCode UpdateFunctionConfiguration GetFunction",
            "DeleteFunction",
        ),
        passes="Role",
        service="lambda.amazonaws.com",
    ),
    "AWS::Lambda::Permission": Handler(
        _FUNCTION, **_crud("lambda", "AddPermission", "AddPermission", "RemovePermission")
    ),
    "AWS::Lambda::Version": Handler(
        _FUNCTION, **_crud("lambda", "PublishVersion ListVersionsByFunction", "PublishVersion", "DeleteFunction")
    ),
    "AWS::Logs::LogGroup": Handler(
        _in_region("logs", "log-group:{}:*", "LogGroupName"),
        **_crud("logs", "CreateLogGroup PutRetentionPolicy", "PutRetentionPolicy", "DeleteLogGroup"),
    ),
    "AWS::S3::Bucket": Handler(
        _global("s3", "{}", "BucketName"),
        **_crud(
            "s3",
            "CreateBucket PutBucketVersioning PutEncryptionConfiguration PutBucketPublicAccessBlock "
            "PutLifecycleConfiguration PutBucketOwnershipControls",
            "PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration",
            "DeleteBucket",
        ),
    ),
    "AWS::S3::BucketPolicy": Handler(
        _global("s3", "{}", "Bucket"), **_crud("s3", "PutBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy")
    ),
    "AWS::SNS::Subscription": Handler(
        lambda properties, *_: properties.get("TopicArn", "*"), **_crud("sns", "Subscribe", "Subscribe", "")
    ),
    "AWS::SNS::Topic": Handler(
        _in_region("sns", "{}", "TopicName"),
        **_crud("sns", "CreateTopic SetTopicAttributes", "SetTopicAttributes", "DeleteTopic"),
    ),
    "AWS::StepFunctions::StateMachine": Handler(
        _in_region("states", "stateMachine:{}", "StateMachineName"),
        **_crud("states", "CreateStateMachine", "UpdateStateMachine", "DeleteStateMachine"),
        passes="RoleArn",
        service="states.amazonaws.com",
    ),
}
