"""Checks of the properties of a stack's resource: against the schema of its type, and of the documents in them."""

from collections.abc import Iterator

from mlops.localcloud.ministack import cloudformation, eventbridge, managed_policies
from mlops.localcloud.ministack.scope import region
from mlops.localcloud.validation import dashboards, policies, schemas, statemachines

# The property of a type that holds a policy, and the kind of policy.
_POLICIES: dict[str, tuple[str, policies.Kind]] = {
    "AWS::ECR::Repository": ("RepositoryPolicyText", "resource_ecr"),
    "AWS::IAM::ManagedPolicy": ("PolicyDocument", "identity"),
    "AWS::IAM::Policy": ("PolicyDocument", "identity"),
    "AWS::IAM::Role": ("AssumeRolePolicyDocument", "trust"),
    "AWS::KMS::Key": ("KeyPolicy", "resource"),
    "AWS::S3::BucketPolicy": ("PolicyDocument", "resource"),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "resource"),
    "AWS::SQS::QueuePolicy": ("PolicyDocument", "resource"),
}


def check(kind: str, logical_id: str, properties: dict) -> None:
    """Refuse properties that AWS refuses: unknown ones, wrong values, malformed policies and definitions."""
    problems = [
        *schemas.violations_of_type(kind, properties, region()),
        *(f"#/{path}: {text}" for path, text in _policy_violations(kind, properties)),
    ]
    if problems:
        raise ValueError(
            f"Properties validation failed for resource {logical_id} with message: [{'; '.join(problems)}]"
        )
    if kind == "AWS::CloudWatch::Dashboard":
        dashboards.require_body(properties["DashboardBody"])
    if kind == "AWS::IAM::Role":
        for arn in properties.get("ManagedPolicyArns") or []:
            managed_policies.require_attachable(arn)
    if kind == "AWS::Events::Rule":
        eventbridge.require_deliverable(properties)
    if kind == "AWS::StepFunctions::StateMachine":
        statemachines.require_definition(cloudformation.state_machine_definition(properties))


def _policy_violations(kind: str, properties: dict) -> Iterator[tuple[str, str]]:
    if kind in _POLICIES:
        name, grammar = _POLICIES[kind]
        for text in policies.violations(properties[name], grammar) if name in properties else []:
            yield name, text
    if kind == "AWS::IAM::Role":
        for number, inline in enumerate(properties.get("Policies") or []):
            for text in policies.violations(inline.get("PolicyDocument"), "identity"):
                yield f"Policies/{number}/PolicyDocument", text
