"""ministack's CloudFormation: checks of a resource's properties before it is created or changed."""

import re
from collections.abc import Iterator
from typing import Any

from mlops.localcloud import base_events, base_policies, policies, schemas, statemachines
from mlops.localcloud.base import added_resource_types, region

_SAM = "AWS::Serverless-2016-10-31"
# The property of a type that holds a policy, and the kind of policy.
_POLICIES = {
    "AWS::ECR::Repository": ("RepositoryPolicyText", "resource_ecr"),
    "AWS::IAM::ManagedPolicy": ("PolicyDocument", "identity"),
    "AWS::IAM::Policy": ("PolicyDocument", "identity"),
    "AWS::IAM::Role": ("AssumeRolePolicyDocument", "trust"),
    "AWS::KMS::Key": ("KeyPolicy", "resource"),
    "AWS::S3::BucketPolicy": ("PolicyDocument", "resource"),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "resource"),
    "AWS::SQS::QueuePolicy": ("PolicyDocument", "resource"),
}


def judge_properties() -> None:
    """Fail a resource whose properties AWS refuses: unknown ones, wrong values, malformed policies and definitions."""
    from ministack.services.cloudformation import provisioners, stacks

    create, update = stacks._provision_resource, stacks._update_resource

    def created(kind: str, logical_id: str, properties: dict, *rest: Any) -> tuple:
        _judge(kind, logical_id, properties)
        return create(kind, logical_id, properties, *rest)

    def updated(kind: str, physical_id: str, old: dict, new: dict, stack: str, *rest: Any) -> tuple:
        if old != new:
            _judge(kind, rest[0] if rest else physical_id, new)
        return update(kind, physical_id, old, new, stack, *rest)

    for module in (stacks, provisioners):  # provisioners creates the resources of nested stacks
        module._provision_resource, module._update_resource = created, updated


def describe_change_sets_as_aws() -> None:
    """Remove the type from the description of a change set: AWS's answer has no such member."""
    from ministack.services.cloudformation import handlers

    describe = handlers._ACTION_HANDLERS["DescribeChangeSet"]

    def described(parameters: dict) -> tuple:
        status, headers, body = describe(parameters)
        return status, headers, re.sub(rb"<ChangeSetType>\w*</ChangeSetType>", b"", body)

    handlers._ACTION_HANDLERS["DescribeChangeSet"] = described


def refuse_serverless_templates() -> None:
    """Refuse templates of AWS SAM with advice that works: ministack names commands that do not expand them."""
    from ministack.services.cloudformation import changesets, engine, handlers, stacks

    apply = engine._apply_transforms

    def applied(template: dict, *rest: Any) -> dict:
        if _SAM in engine.declared_transforms(template):
            raise ValueError(
                f"The local cloud does not implement the transform {_SAM}: "
                "write its resources as AWS::Lambda::Function and the like, or expand the template with the "
                "program sam-translate.py of aws-sam-translator first"
            )
        return apply(template, *rest)

    for module in (changesets, engine, handlers, stacks):
        if hasattr(module, "_apply_transforms"):
            module._apply_transforms = applied


def _judge(kind: str, logical_id: str, properties: dict) -> None:
    if kind in added_resource_types:
        # Its service checks the request.
        return
    found = [
        *schemas.violations_of_type(kind, properties, region()),
        *(f"#/{path}: {text}" for path, text in _policy_violations(kind, properties)),
    ]
    if found:
        raise ValueError(f"Properties validation failed for resource {logical_id} with message: [{'; '.join(found)}]")
    if kind == "AWS::IAM::Role":
        for arn in properties.get("ManagedPolicyArns") or []:
            base_policies.require_attachable(arn)
    if kind == "AWS::Events::Rule":
        base_events.require_deliverable(properties)
    if kind == "AWS::StepFunctions::StateMachine":
        statemachines.require_definition(_definition(properties))


def _policy_violations(kind: str, properties: dict) -> Iterator[tuple[str, str]]:
    name, grammar = _POLICIES.get(kind, ("", ""))
    if name in properties:
        for text in policies.violations(properties[name], grammar):
            yield name, text
    if kind == "AWS::IAM::Role":
        for number, inline in enumerate(properties.get("Policies") or []):
            for text in policies.violations(inline.get("PolicyDocument"), "identity"):
                yield f"Policies/{number}/PolicyDocument", text


def _definition(properties: dict) -> str:
    from ministack.services.cloudformation import provisioners

    return provisioners._sfn_definition(properties)
