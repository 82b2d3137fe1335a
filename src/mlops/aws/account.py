"""What an account has once for all repositories, and in each region once."""

from __future__ import annotations

from mlops.aws.session import Session
from mlops.errors import InputError

_PROVIDER = "token.actions.githubusercontent.com"


def require_provider(session: Session) -> None:
    """InputError unless the account has GitHub's identity provider."""
    providers = session.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    if not any(each["Arn"].endswith(f"/{_PROVIDER}") for each in providers):
        raise InputError(_message(session, f"has no identity provider {_PROVIDER}"))


def require_api_logging(session: Session) -> None:
    """InputError unless API Gateway may write logs: AWS refuses a stage with logs where the region has no role for it."""
    if not session.client("apigateway").get_account().get("cloudwatchRoleArn"):
        raise InputError(
            _message(session, "has no role with which API Gateway writes logs (production.yml: clients_call is api)")
        )


def _message(session: Session, lack: str) -> str:
    return (
        f"The account {session.account} {lack} in {session.region}. Run in the template's repository, once in each "
        f"region: make foundation AWS_REGION={session.region}"
    )
