"""Resolves templates as a deployment would: one side of each condition, values for parameters and references."""

import json
import re
import zlib
from typing import Any

# Values for parameters and resources, in the shape of real ones.
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
# A role of the stack {project}-api, with a name that CloudFormation has generated.
ROLE = "arn:aws:iam::123456789012:role/mlops/taxi-fares/taxi-fares-api-{name}-0123456789AB"
RESOURCES = {
    "Bucket": "arn:aws:s3:::taxi-fares-123456789012-eu-west-1",
    "Key": ARN.format(service="kms", resource="key/11111111-2222-3333-4444-555555555555"),
    "Repository": ARN.format(service="ecr", resource="repository/taxi-fares"),
    "Topic": ARN.format(service="sns", resource="taxi-fares"),
    "Machine": ARN.format(service="states", resource="stateMachine:taxi-fares-notifications"),
    "MonitoringMachine": ARN.format(service="states", resource="stateMachine:taxi-fares-monitoring"),
    "RetrainingMachine": ARN.format(service="states", resource="stateMachine:taxi-fares-retraining"),
    "DecisionMachine": ARN.format(service="states", resource="stateMachine:taxi-fares-decision"),
    "Policy": "arn:aws:iam::123456789012:policy/mlops/taxi-fares/taxi-fares-jobs-ContainerPolicy-0123456789AB",
    "Project": ARN.format(service="codebuild", resource="project/taxi-fares-build"),
    "QaProject": ARN.format(service="codebuild", resource="project/taxi-fares-qa"),
    "SmokeProject": ARN.format(service="codebuild", resource="project/taxi-fares-smoke"),
    "RestApi": "abcdef1234",
    "ModelPackageGroup": ARN.format(service="sagemaker", resource="model-package-group/taxi-fares--total-amount"),
}


def resolved(node: Any, side: int, known: dict[str, Any] = VALUES) -> Any:
    """A part of a template: one side of each condition, values for references. `known` has values for some of them."""
    if isinstance(node, list):
        return [value for each in node if (value := resolved(each, side, known)) is not None]
    if not isinstance(node, dict):
        return node
    match node:
        case {"Ref": "AWS::NoValue"}:
            return None
        case {"Fn::If": sides}:
            return resolved(sides[side], side, known)
        case {"Fn::Sub": [text, values]}:
            return substituted(
                text, {**known, **{name: resolved(value, side, known) for name, value in values.items()}}
            )
        case {"Fn::Sub": text}:
            return substituted(text, known)
        case {"Fn::Split": [separator, text]}:
            return resolved(text, side, known).split(separator)
        case {"Ref": name}:
            return known.get(name) or like(name)
        case {"Fn::GetAtt": ["BeforeTraffic", "Arn"]}:
            return ARN.format(service="lambda", resource=f"function:{known['Project']}-before-traffic")
        case {"Fn::GetAtt": [name, _]}:
            return known.get(name) or like(name)
        case {"Fn::ImportValue": value}:
            return like(resolved(value, side, known).partition(":")[2])
    return {key: resolved(value, side, known) for key, value in node.items()}


def resolved_for(project: str, node: Any, side: int) -> Any:
    """The result of `resolved` for a project of another name, with other ids in place of those that AWS generates."""
    number = f"{zlib.crc32(project.encode()):08x}"
    text = json.dumps(resolved(node, side)).replace("taxi-fares", project)
    return json.loads(text.replace("11111111-2222", f"{number}-2222").replace("abcdef1234", f"{number}ab"))


def substituted(text: str, known: dict[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1].partition(".")[0]
        return str(known.get(match[1]) or known.get(name) or like(name))

    return re.sub(r"\$\{([^}]+)\}", value, text)


def like(name: str) -> str:
    """An example ARN of the type of resource that `name` contains. The ARN of a role contains `name`."""
    if "Role" in name:
        return ROLE.format(name=name.removesuffix("Arn"))
    examples = [value for word, value in RESOURCES.items() if word in name]
    assert examples, f"no example for {name}"
    return examples[-1]
