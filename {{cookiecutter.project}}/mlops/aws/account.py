"""What the account has, once for all repositories."""

from __future__ import annotations

from mlops.aws.session import AWSError, Session
from mlops.errors import InputError
from mlops.names import BOUNDARY_POLICY

_PROVIDER = "token.actions.githubusercontent.com"


def require_foundation(session: Session) -> None:
    """InputError unless the account has GitHub's identity provider and the permissions boundary."""
    iam = session.client("iam")
    missing = []
    providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    if not any(each["Arn"].endswith(f"/{_PROVIDER}") for each in providers):
        missing.append(f"the identity provider {_PROVIDER}")
    try:
        iam.get_policy(PolicyArn=f"arn:{session.partition}:iam::{session.account}:policy/{BOUNDARY_POLICY}")
    except AWSError as error:
        if error.code != "NoSuchEntity":
            raise
        missing.append(f"the policy {BOUNDARY_POLICY}")
    if missing:
        raise InputError(
            f"The account {session.account} lacks {' and '.join(missing)}. Its foundation comes with the template's "
            "repository; run there, once per account: make foundation"
        )
