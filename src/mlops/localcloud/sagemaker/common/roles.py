"""Execution roles: SageMaker must be allowed to assume them."""

from mlops.localcloud.errors import AWSError
from mlops.localcloud.identity import roles

PRINCIPAL = "sagemaker.amazonaws.com"


def require_assumable(role_arn: str) -> None:
    """Raise AWSError in SageMaker's words unless the role exists and its trust policy names SageMaker."""
    try:
        roles.require_assumable(role_arn, PRINCIPAL)
    except roles.RoleNotAssumable as error:
        raise AWSError("ValidationException", str(error)) from error
