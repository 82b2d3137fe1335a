"""IAM's decisions for the roles of a template, by actions, resources, and the condition operators that they use."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from resolving import resolved
from templates import template


def role_statements(name: str, role: str, side: int) -> list[dict[str, Any]]:
    """The statements of a role, with its managed policies of the same template, on one side of each condition."""
    resources = template(name)["Resources"]
    properties = resources[role]["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties["Policies"]]
    for policy in properties.get("ManagedPolicyArns", []):
        documents.append(resources[policy["Ref"]]["Properties"]["PolicyDocument"])
    return [statement for document in documents for statement in resolved(document, side)["Statement"]]


def is_allowed(statements: list[dict[str, Any]], action: str, arn: str, keys: dict[str, str]) -> bool:
    """Whether one of the statements allows an action on a resource, in a request with these condition keys."""
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatchcase(action, pattern) for pattern in _listed(statement["Action"]))
        and any(fnmatchcase(arn, pattern) for pattern in _listed(statement["Resource"]))
        and all(_holds(*condition, keys) for condition in statement.get("Condition", {}).items())
        for statement in statements
    )


def _holds(operator: str, condition: dict[str, Any], keys: dict[str, str]) -> bool:
    if operator == "Null":
        return all((key not in keys) == (absent == "true") for key, absent in condition.items())
    assert operator in ("Bool", "StringEquals", "StringEqualsIfExists"), operator
    return all(
        keys[key] in _listed(values) if key in keys else operator.endswith("IfExists")
        for key, values in condition.items()
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
