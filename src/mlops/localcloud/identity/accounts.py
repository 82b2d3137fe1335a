"""Administrators: a user in the cloud's own account, and a role in each account that the user creates.

Source: AWS Organizations User Guide, "Accessing member accounts in an organization".
"""

import json

from mlops.localcloud import base, base_hooks, base_iam, context

ADMINISTRATOR = "administrator"
_ROLE = "OrganizationAccountAccessRole"
_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


def install() -> tuple[str, str]:
    """Create the user, the only principal of a new cloud. Returns access key id and secret access key."""
    base_iam.know_no_root_keys()
    base_hooks.after("organizations", _create_role)
    return base_iam.create_administrator(ADMINISTRATOR)


def _create_role(headers: dict[str, str], body: bytes, answer: base.Response) -> None:
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
                "Principal": {"AWS": f"arn:aws:iam::{base.account()}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    context.within(account_id, base.region(), lambda: base_iam.create_role(name, trust, _POLICY))
