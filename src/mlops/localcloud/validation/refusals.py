"""What the local cloud refuses of ministack's services, by botocore's names of service and operation."""

from mlops.localcloud.errors import AWSError, not_implemented
from mlops.localcloud.ministack import cloudformation, dispatch, eventbridge, managed_policies, stepfunctions
from mlops.localcloud.ministack.dispatch import Check
from mlops.localcloud.validation import dashboards, policies, properties, s3, schemas, statemachines

# ministack answers these with success and does nothing.
_PRETENDED = {
    "apigateway": ("ImportApiKeys",),
    "cloudformation": (
        "DescribeStackDriftDetectionStatus",
        "DescribeStackResourceDrifts",
        "DetectStackDrift",
        "DetectStackResourceDrift",
        "DetectStackSetDrift",
    ),
    "ecr": ("CompleteLayerUpload", "InitiateLayerUpload", "UploadLayerPart"),
    "events": ("CreateEndpoint", "DeleteEndpoint", "DescribeEndpoint", "ListEndpoints", "UpdateEndpoint"),
    "lambda": (
        "CreateCodeSigningConfig",
        "DeleteCodeSigningConfig",
        "DeleteFunctionCodeSigningConfig",
        "GetCodeSigningConfig",
        "GetFunctionCodeSigningConfig",
        "ListCodeSigningConfigs",
        "ListFunctionsByCodeSigningConfig",
        "PutFunctionCodeSigningConfig",
        "UpdateCodeSigningConfig",
    ),
}
_CHANGING_STACKS = ("CreateChangeSet", "CreateStack", "ExecuteChangeSet", "UpdateStack")
_PUTTING_POLICIES = ("CreatePolicy", "CreatePolicyVersion", "PutGroupPolicy", "PutRolePolicy", "PutUserPolicy")
# Source: Amazon SNS API Reference, SetTopicAttributes.
_FEEDBACK = ("Application", "Firehose", "HTTP", "Lambda", "SQS")
_TOPIC_ATTRIBUTES = {
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DeliveryPolicy",
    "DisplayName",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "Policy",
    "SignatureVersion",
    "TracingConfig",
    *(f"{protocol}SuccessFeedbackRoleArn" for protocol in _FEEDBACK),
    *(f"{protocol}SuccessFeedbackSampleRate" for protocol in _FEEDBACK),
    *(f"{protocol}FailureFeedbackRoleArn" for protocol in _FEEDBACK),
}


def install() -> None:
    """Check every request and every resource of a stack."""
    dispatch.guard(_checks())
    cloudformation.check_properties(properties.check)
    cloudformation.refuse_serverless_templates()
    cloudformation.correct_change_set_descriptions()
    stepfunctions.validate_definitions(statemachines.violations)


def _checks() -> dict[tuple[str, str], Check]:
    pretended = {
        (service, name): _operation_refusal(service, name) for service, names in _PRETENDED.items() for name in names
    }
    return pretended | {
        ("apigateway", "PutRestApi"): _operation_refusal("apigateway", "PutRestApi"),
        # Imports run on a worker thread here; the event loop would wait for them when it checks the first resource.
        **{("cloudformation", name): lambda request: schemas.load() for name in _CHANGING_STACKS},
        ("cloudwatch", "PutDashboard"): lambda request: dashboards.require_body(request["DashboardBody"]),
        ("events", "DisableRule"): eventbridge.require_rule,
        ("events", "EnableRule"): eventbridge.require_rule,
        ("events", "PutTargets"): eventbridge.require_deliverable,
        ("iam", "AttachGroupPolicy"): _require_attachable,
        ("iam", "AttachRolePolicy"): _require_attachable,
        ("iam", "AttachUserPolicy"): _require_attachable,
        ("ecr", "SetRepositoryPolicy"): lambda request: policies.require_repository_policy(request["policyText"]),
        **{("iam", name): _require_identity_policy for name in _PUTTING_POLICIES},
        ("iam", "CreateRole"): lambda request: policies.require_trust_policy(request["AssumeRolePolicyDocument"]),
        ("iam", "UpdateAssumeRolePolicy"): lambda request: policies.require_trust_policy(request["PolicyDocument"]),
        ("kms", "PutKeyPolicy"): lambda request: policies.require_key_policy(request["Policy"]),
        ("logs", "StopQuery"): dispatch.require_query,
        ("s3", "*"): s3.check,
        ("sns", "CreateTopic"): lambda request: _require_attributes({*request.get("Attributes", {})} - {"FifoTopic"}),
        ("sns", "SetTopicAttributes"): lambda request: _require_attributes({request["AttributeName"]}),
        ("ssm", "AddTagsToResource"): dispatch.require_parameter,
        ("stepfunctions", "CreateStateMachine"): lambda request: statemachines.require_definition(
            request["definition"]
        ),
        ("stepfunctions", "DescribeExecution"): stepfunctions.require_standard_execution,
        ("stepfunctions", "GetExecutionHistory"): stepfunctions.require_standard_execution,
        ("stepfunctions", "ListExecutions"): stepfunctions.require_standard,
        ("stepfunctions", "StartExecution"): stepfunctions.require_input,
        ("stepfunctions", "StartSyncExecution"): stepfunctions.require_express,
        ("stepfunctions", "StopExecution"): stepfunctions.require_standard_execution,
        ("stepfunctions", "UpdateStateMachine"): statemachines.require_update,
    }


def _operation_refusal(service: str, operation: str) -> Check:
    def refuse(request: dict) -> None:
        raise not_implemented(f"The local cloud does not implement {service} {operation}")

    return refuse


def _require_identity_policy(request: dict) -> None:
    policies.require_identity_policy(request["PolicyDocument"])


def _require_attachable(request: dict) -> None:
    managed_policies.require_attachable(request["PolicyArn"])


def _require_attributes(names: set[str]) -> None:
    unknown = sorted(names - _TOPIC_ATTRIBUTES)
    if unknown:
        raise AWSError("InvalidParameter", f"Invalid parameter: Attributes Reason: Unknown attribute {unknown[0]}")
