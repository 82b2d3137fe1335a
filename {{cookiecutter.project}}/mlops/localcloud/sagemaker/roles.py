"""Execution roles: SageMaker must be allowed to assume them."""

from fnmatch import fnmatchcase

from botocore.exceptions import ClientError

from mlops.localcloud import context
from mlops.localcloud.service import AWSError

_PRINCIPAL = "sagemaker.amazonaws.com"


def require_assumable(role_arn: str) -> None:
    """Raise AWSError in SageMaker's words unless the role exists and its trust policy names SageMaker."""
    try:
        role = context.client("iam").get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
    except ClientError as error:
        raise _not_assumable(role_arn) from error
    statements = role["AssumeRolePolicyDocument"]["Statement"]
    if role["Arn"] != role_arn or not any(_trusts(statement) for statement in _listed(statements)):
        raise _not_assumable(role_arn)


def _trusts(statement: dict) -> bool:
    principal = statement.get("Principal", {})
    services = _listed(principal.get("Service", [])) if isinstance(principal, dict) else [principal]
    actions = _listed(statement.get("Action", []))
    return (
        statement["Effect"] == "Allow"
        and any(fnmatchcase("sts:AssumeRole", action) for action in actions)
        and _PRINCIPAL in services
    )


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def _not_assumable(role_arn: str) -> AWSError:
    return AWSError(
        "ValidationException",
        f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
        f"'{_PRINCIPAL}' to assume the role.",
    )
