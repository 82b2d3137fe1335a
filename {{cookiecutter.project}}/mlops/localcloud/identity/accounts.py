"""Who may do everything: a user in the cloud's own account, and a role in each account that the user adds.

Source: AWS Organizations User Guide, "Accessing member accounts in an organization".
"""

import json

from mlops.localcloud import base, base_hooks, base_iam, context

ADMINISTRATOR = "administrator"
_ROLE = "OrganizationAccountAccessRole"
_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


def install() -> tuple[str, str]:
    """Make the user, the only principal that a cloud begins with. Returns access key id and secret access key."""
    base_iam.know_no_root_keys()
    base_hooks.after("organizations", _admit)
    return base_iam.create_administrator(ADMINISTRATOR)


def _admit(headers: dict[str, str], body: bytes, answer: base.Response) -> None:
    """Make the role by which those who have added an account get into it."""
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
