"""Every policy under parliament: actions, resources and conditions that go together, and no way to more rights."""

import json
import re
from typing import Any

import pytest
from parliament import analyze_policy_string
from templates import ALL, policies

# What stands for parameters and resources, in the shape that they have.
VALUES = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::URLSuffix": "amazonaws.com",
    "Model": "total-amount",
    "Project": "taxi-fares",
    "ArtifactPrefix": "taxi-fares",
}
ARN = "arn:aws:{service}:eu-west-1:123456789012:{resource}"
RESOURCES = {
    "Bucket": "arn:aws:s3:::taxi-fares-123456789012-eu-west-1",
    "Key": ARN.format(service="kms", resource="key/11111111-2222-3333-4444-555555555555"),
    "Repository": ARN.format(service="ecr", resource="repository/taxi-fares"),
    "Topic": ARN.format(service="sns", resource="taxi-fares"),
    "Machine": ARN.format(service="states", resource="stateMachine:taxi-fares-train"),
    "Project": ARN.format(service="codebuild", resource="project/taxi-fares-build"),
    "Role": "arn:aws:iam::123456789012:role/taxi-fares",
    "RestApi": "abcdef1234",
    "ModelPackageGroup": ARN.format(service="sagemaker", resource="model-package-group/taxi-fares--total-amount"),
}
# Findings that are none: parliament's knowledge of AWS is older than these, or a condition answers for them.
KNOWS_ALIASES = "KMS has the condition key kms:ResourceAliases for every action on a key; parliament does not know it."
EXCEPTIONS = {
    ("UNKNOWN_CONDITION_FOR_ACTION", "kms:ResourceAliases"): KNOWS_ALIASES,
    ("RESOURCE_MISMATCH", "states:DescribeExecution"): "It asks for express executions beside the standard ones.",
    ("RESOURCE_MISMATCH", "kms:CreateAlias"): "The key and its alias are two statements, the key's with a condition.",
    ("RESOURCE_STAR", "cloudwatch:DescribeAlarms"): "CodeDeploy reads several alarms in one call.",
    ("RESOURCE_STAR", "kms:TagResource"): "A key is tagged as it is made, without an id; the tag is the condition.",
    ("MISMATCHED_TYPE_BUT_USABLE", "StringEquals"): "IAM's own examples compare iam:PermissionsBoundary so.",
    ("RESOURCE_POLICY_PRIVILEGE_ESCALATION", "s3:Put"): "Who makes the bucket writes its policy and its lifecycle.",
}


@pytest.mark.parametrize("side", [1, 2], ids=["if", "else"])
@pytest.mark.parametrize("name", ALL)
def test_parliament_finds_nothing(name: str, side: int) -> None:
    found = []
    for resource, document in policies(name):
        analysed = analyze_policy_string(json.dumps(resolved(document, side)))
        found += [(resource, each.issue, str(each.detail)) for each in analysed.findings if not excepted(each)]
    assert found == []


def excepted(finding: Any) -> bool:
    text = f"{finding.detail} {finding.location}"
    return any(finding.issue == issue and word in text for issue, word in EXCEPTIONS)


def resolved(node: Any, side: int) -> Any:
    """The policy as it might be deployed: one side of each condition, values for references."""
    if isinstance(node, list):
        return [value for each in node if (value := resolved(each, side)) is not None]
    if not isinstance(node, dict):
        return node
    match node:
        case {"Ref": "AWS::NoValue"}:
            return None
        case {"Fn::If": sides}:
            return resolved(sides[side], side)
        case {"Fn::Sub": [text, values]}:
            return substituted(text, {name: resolved(value, side) for name, value in values.items()})
        case {"Fn::Sub": text}:
            return substituted(text, {})
        case {"Ref": name}:
            return VALUES.get(name) or like(name)
        case {"Fn::GetAtt": [name, _]}:
            return like(name)
        case {"Fn::ImportValue": value}:
            return like(resolved(value, side).partition(":")[2])
    return {key: resolved(value, side) for key, value in node.items()}


def substituted(text: str, values: dict[str, Any]) -> str:
    known = {**VALUES, **values}
    return re.sub(r"\$\{([^}]+)\}", lambda match: str(known.get(match[1]) or like(match[1].partition(".")[0])), text)


def like(name: str) -> str:
    """An ARN of the kind of resource that the name speaks of."""
    found = [value for word, value in RESOURCES.items() if word in name]
    assert found, f"no example for {name}"
    return found[-1]
