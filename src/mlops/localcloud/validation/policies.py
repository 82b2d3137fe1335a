"""Policies of IAM and of resources: their grammar, as cfn-lint has it."""

import json
from typing import Any, Literal

from mlops.localcloud.errors import AWSError
from mlops.localcloud.validation import schemas

Kind = Literal["identity", "resource", "resource_ecr", "trust"]


def violations(document: Any, kind: Kind) -> list[str]:
    """What is wrong with a policy, given as JSON or already parsed."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return ["This policy contains invalid Json"]
    return schemas.violations_of_policy(document, kind)


def require_trust_policy(document: Any) -> None:
    """Refuse a malformed trust policy of a role."""
    _require(document, "trust", "MalformedPolicyDocument")


def require_identity_policy(document: Any) -> None:
    """Refuse a malformed policy of a role, a user or a group."""
    _require(document, "identity", "MalformedPolicyDocument")


def require_bucket_policy(document: Any) -> None:
    """Refuse a malformed policy of a bucket."""
    _require(document, "resource", "MalformedPolicy")


def require_key_policy(document: Any) -> None:
    """Refuse a malformed policy of a key of KMS."""
    _require(document, "resource", "MalformedPolicyDocumentException")


def require_repository_policy(document: Any) -> None:
    """Refuse a malformed policy of a repository of ECR."""
    _require(document, "resource_ecr", "InvalidParameterException")


def _require(document: Any, kind: Kind, code: str) -> None:
    problems = violations(document, kind)
    if problems:
        raise AWSError(code, "; ".join(problems))
