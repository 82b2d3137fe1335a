"""Administrators: a user in the cloud's own account, and a role in each account that the user creates.

Source: AWS Organizations User Guide, "Accessing member accounts in an organization".
"""

import json

from mlops.localcloud import context
from mlops.localcloud.ministack import hooks, iam, scope
from mlops.localcloud.protocol import Response

ADMINISTRATOR = "administrator"
_ROLE = "OrganizationAccountAccessRole"
_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


def install() -> tuple[str, str]:
    """Create the user, the only principal of a new cloud. Returns access key id and secret access key."""
    iam.refuse_root_keys()
    hooks.after("organizations", _create_role)
    return iam.create_administrator(ADMINISTRATOR)


def _create_role(headers: dict[str, str], body: bytes, answer: Response) -> None:
    """Create the role through which the cloud's own account manages an account that it has created."""
    status, _, content = answer
    if not headers.get("x-amz-target", "").endswith(".CreateAccount") or status != 200:
        return
    account_id = json.loads(content)["CreateAccountStatus"]["AccountId"]
    name = json.loads(body).get("RoleName", _ROLE)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{scope.account()}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    context.within(account_id, scope.region(), lambda: iam.create_role(name, trust, _POLICY))
