"""The templates of infra/, parsed for tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from baking import REPOSITORY
from cfnlint.decode import decode

INFRA = REPOSITORY / "infra"
# All templates; those that `mlops deploy` and the pipeline deploy, without those that a person deploys before.
ALL = sorted(path.stem for path in INFRA.glob("*.yml"))
NAMES = [name for name in ALL if name not in {"boundaries", "bootstrap"}]

# Who deploys which stack, the endpoint in production: the template and the logical id of the role.
DEPLOYED_BY = {
    "storage": ("bootstrap", "DeploymentRole"),
    "jobs": ("bootstrap", "DeploymentRole"),
    "endpoints": ("bootstrap", "DeploymentRole"),
    "api": ("bootstrap", "DeploymentRole"),
    "builds": ("bootstrap", "DeploymentRole"),
    "notifications": ("bootstrap", "DeploymentRole"),
    "pipeline": ("bootstrap", "DeploymentRole"),
    "monitoring": ("bootstrap", "DeploymentRole"),
    "endpoint": ("endpoints", "ProductionDeploymentRole"),
}


def template(name: str) -> dict[str, Any]:
    """A template with its intrinsic functions in their long form."""
    parsed, faults = decode(str(INFRA / f"{name}.yml"))
    assert not faults, faults
    return parsed


def resources(name: str, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of a template's resources of one type, by logical id."""
    entries = template(name)["Resources"]
    return {key: each["Properties"] for key, each in entries.items() if each["Type"] == kind}


def find(node: Any, function: str) -> Iterator[Any]:
    """Every argument of an intrinsic function, such as Fn::ImportValue, anywhere below `node`."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == function:
                yield value
            yield from find(value, function)
    elif isinstance(node, list):
        for each in node:
            yield from find(each, function)


def policies(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every IAM policy of a template with the id of its resource."""
    for key, role in resources(name, "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            yield key, policy["PolicyDocument"]
    for key, policy in resources(name, "AWS::IAM::ManagedPolicy").items():
        yield key, policy["PolicyDocument"]


def statements(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of a template's IAM policies with the id of its resource, on both sides of conditions."""
    for key, document in policies(name):
        for statement in document["Statement"]:
            sides = statement["Fn::If"][1:] if "Fn::If" in statement else [statement]
            yield from ((key, side) for side in sides if "Effect" in side)
