"""Permissions that a resource handler declares but uses only when a template sets a property.

A handler declares the actions for every possible template. The rules here omit those that a resource does not need;
all other actions are required.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

# By resource type: the property that makes a handler use the actions.
_ONLY_WITH: dict[str, dict[str, tuple[str, ...]]] = {
    "AWS::ApiGateway::Account": {"CloudWatchRoleArn": ("iam:*",)},
    "AWS::ApiGateway::Method": {"Integration.Credentials": ("iam:PassRole",)},
    "AWS::ApiGateway::RestApi": {
        "Policy": ("apigateway:UpdateRestApiPolicy",),
        "Body": ("iam:PassRole",),
        "BodyS3Location": ("s3:GetObject",),
    },
    "AWS::ApplicationAutoScaling::ScalableTarget": {
        "ScheduledActions": ("*:PutScheduledAction", "*:DeleteScheduledAction"),
        "RoleARN": ("iam:PassRole",),
    },
    "AWS::ApplicationAutoScaling::ScalingPolicy": {
        "PredictiveScalingPolicyConfiguration": ("cloudwatch:GetMetricData",),
    },
    "AWS::CodeDeploy::DeploymentGroup": {
        "OnPremisesInstanceTagFilters": ("codedeploy:RegisterOnPremisesInstance",),
    },
    "AWS::CodePipeline::Pipeline": {
        "DisableInboundStageTransitions": ("*:DisableStageTransition", "*:EnableStageTransition"),
        "RestartExecutionOnUpdate": ("codepipeline:StartPipelineExecution",),
    },
    "AWS::ECR::Repository": {
        "EncryptionConfiguration.KmsKey": ("kms:*",),
        "LifecyclePolicy": ("ecr:PutLifecyclePolicy", "ecr:DeleteLifecyclePolicy"),
        "RepositoryPolicyText": ("ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"),
    },
    "AWS::IAM::ManagedPolicy": {
        "Groups": ("iam:*GroupPolicy",),
        "Roles": ("iam:*RolePolicy",),
        "Users": ("iam:*UserPolicy",),
    },
    "AWS::Lambda::Alias": {
        "ProvisionedConcurrencyConfig": ("*:PutProvisionedConcurrencyConfig", "*:DeleteProvisionedConcurrencyConfig"),
        "UpdatePolicy.CodeDeployLambdaAliasUpdate": ("codedeploy:*",),
    },
    "AWS::Lambda::Function": {
        "CapacityProviderConfig": ("lambda:PassCapacityProvider",),
        "Code.S3Bucket": ("s3:GetObject*",),
        "CodeSigningConfigArn": (
            "lambda:GetCodeSigningConfig",
            "lambda:PutFunctionCodeSigningConfig",
            "lambda:DeleteFunctionCodeSigningConfig",
        ),
        "FileSystemConfigs": ("elasticfilesystem:*", "s3files:*"),
        "FunctionScalingConfig": ("lambda:PutFunctionScalingConfig",),
        "KmsKeyArn": ("kms:*",),
        "Layers": ("lambda:GetLayerVersion",),
        "RecursiveLoop": ("lambda:PutFunctionRecursionConfig",),
        "ReservedConcurrentExecutions": ("lambda:*FunctionConcurrency",),
        "RuntimeManagementConfig": ("lambda:PutRuntimeManagementConfig",),
        "VpcConfig": ("ec2:*",),
    },
    "AWS::Lambda::Version": {
        "FunctionScalingConfig": ("lambda:PutFunctionScalingConfig",),
        "ProvisionedConcurrencyConfig": ("lambda:PutProvisionedConcurrencyConfig",),
        "RuntimePolicy": ("lambda:PutRuntimeManagementConfig",),
    },
    "AWS::Logs::LogGroup": {
        "BearerTokenAuthenticationEnabled": ("logs:PutBearerTokenAuthentication",),
        "DataProtectionPolicy": ("logs:PutDataProtectionPolicy", "logs:DeleteDataProtectionPolicy"),
        "DeletionProtectionEnabled": ("logs:PutLogGroupDeletionProtection",),
        "FieldIndexPolicies": ("logs:PutIndexPolicy", "logs:DeleteIndexPolicy"),
        "ResourcePolicyDocument": ("logs:PutResourcePolicy", "logs:DeleteResourcePolicy"),
    },
    "AWS::S3::Bucket": {
        "AbacStatus": ("s3:PutBucketAbac", "s3:TagResource", "s3:UntagResource", "s3:ListTagsForResource"),
        "AccelerateConfiguration": ("s3:PutAccelerateConfiguration",),
        "AccessControl": ("s3:PutBucketAcl", "s3:PutObjectAcl"),
        "AnalyticsConfigurations": ("s3:PutAnalyticsConfiguration", "s3:DeleteBucketAnalyticsConfiguration"),
        "CorsConfiguration": ("s3:PutBucketCORS", "s3:DeleteBucketCors"),
        "IntelligentTieringConfigurations": ("s3:PutIntelligentTieringConfiguration",),
        "InventoryConfigurations": ("s3:PutInventoryConfiguration",),
        "LoggingConfiguration": ("s3:PutBucketLogging",),
        "MetadataTableConfiguration": ("s3tables:*", "s3:*MetadataTableConfiguration"),
        "MetadataConfiguration": ("s3:UpdateBucketMetadata*",),
        "MetricsConfigurations": ("s3:PutMetricsConfiguration", "s3:DeleteBucketMetricsConfiguration"),
        "NotificationConfiguration": ("s3:PutBucketNotification",),
        "ObjectLockConfiguration": ("s3:Put*ObjectLockConfiguration",),
        "ReplicationConfiguration": (
            "iam:PassRole",
            "s3:DeleteObject",
            "s3:PutBucketReplication",
            "s3:PutReplicationConfiguration",
            "s3:DeleteBucketReplication",
        ),
        "WebsiteConfiguration": ("s3:PutBucketWebsite", "s3:DeleteBucketWebsite"),
    },
    "AWS::SNS::Subscription": {"SubscriptionRoleArn": ("iam:*",)},
    "AWS::SNS::Topic": {
        "DataProtectionPolicy": ("sns:PutDataProtectionPolicy",),
        "Subscription": ("sns:Subscribe", "sns:Unsubscribe"),
        "DeliveryStatusLogging": ("iam:*",),
    },
    "AWS::SageMaker::EndpointConfig": {"ExecutionRoleArn": ("iam:PassRole",), "KmsKeyId": ("kms:*",)},
    "AWS::SageMaker::ModelPackageGroup": {"ModelPackageGroupPolicy": ("sagemaker:PutModelPackageGroupPolicy",)},
    "AWS::StepFunctions::StateMachine": {
        "DefinitionS3Location": ("s3:*",),
        "EncryptionConfiguration": ("kms:*",),
    },
}

# By resource type and action: why no template of the repository needs the action.
_NEVER: dict[str, dict[str, str]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": {
        "lambda:*": "Targets of Lambda only; the templates scale endpoints of SageMaker.",
    },
    "AWS::CodePipeline::Pipeline": {
        "codestar-connections:*": "Sources behind a connection only; the source is an object in S3.",
    },
    "AWS::IAM::Role": {
        "iam:DeleteRolePermissionsBoundary": "Only when a role loses its boundary, which no deployment may do.",
    },
    "AWS::Lambda::Function": {
        "lambda:AssociateRuntimeAlias": "IAM's reference has no such action.",
    },
    "AWS::Logs::LogGroup": {
        "firehose:TagDeliveryStream": "Delivery of logs, for which the schema has no property.",
        "logs:CreateLogDelivery": "Delivery of logs, for which the schema has no property.",
        "s3:REST.PUT.OBJECT": "Delivery of logs, for which the schema has no property; IAM has no such action.",
    },
    "AWS::S3::Bucket": {
        "s3:DeleteBucketEncryption": "IAM has no such action: the removal requires s3:PutEncryptionConfiguration.",
        "s3:DeleteBucketLifecycle": "IAM has no such action: the removal requires s3:PutLifecycleConfiguration.",
    },
    "AWS::SNS::Subscription": {
        "sns:SetSubscriptionAttributes": "Filters and delivery policies only; the subscription has none.",
        "sns:Unsubscribe": "Only without DeletionPolicy: Retain; a subscription is deleted with its topic.",
    },
}


def is_needed(kind: str, action: str, properties: dict[str, Any]) -> bool:
    """Whether a handler uses an action that it declares, for a resource with these properties.

    On an update, `properties` includes those that the update removes.
    """
    if any(fnmatchcase(action, pattern) for pattern in _NEVER.get(kind, {})):
        return False
    needed_by = [
        name
        for name, patterns in _ONLY_WITH.get(kind, {}).items()
        if any(fnmatchcase(action, pattern) for pattern in patterns)
    ]
    return not needed_by or any(property_at(properties, name) for name in needed_by)


def rules() -> Iterator[tuple[str, str, str | None]]:
    """Each rule: the type, the pattern of actions, and the property that requires them, or None."""
    for kind, needing in _ONLY_WITH.items():
        yield from ((kind, pattern, name) for name, patterns in needing.items() for pattern in patterns)
    for kind, never in _NEVER.items():
        yield from ((kind, pattern, None) for pattern in never)


def property_at(properties: Any, path: str) -> Any:
    """The value of a property such as Code.S3Bucket, None where it is not set."""
    for name in path.split("."):
        properties = properties.get(name) if isinstance(properties, dict) else None
    return properties
