"""What an account has once for all repositories, and in each region once."""

from __future__ import annotations

from dataclasses import dataclass

from mlops.aws.session import Session
from mlops.errors import InputError

_PROVIDER = "token.actions.githubusercontent.com"


@dataclass(frozen=True)
class IdentityProvider:
    """GitHub's identity provider in the account, and the audiences whose tokens it accepts."""

    arn: str
    audiences: tuple[str, ...]


def provider(session: Session) -> IdentityProvider | None:
    """GitHub's identity provider; None when the account has none."""
    iam = session.client("iam")
    listed = [each["Arn"] for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    arn = next((each for each in listed if each.endswith(f"/{_PROVIDER}")), None)
    if arn is None:
        return None
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return IdentityProvider(arn, tuple(found["ClientIDList"]))


def api_log_role(session: Session) -> str | None:
    """The ARN of the role with which API Gateway writes logs in the region; None when there is none."""
    return session.client("apigateway").get_account().get("cloudwatchRoleArn")


def require_provider(session: Session) -> None:
    """InputError unless the account has GitHub's identity provider."""
    providers = session.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    if not any(each["Arn"].endswith(f"/{_PROVIDER}") for each in providers):
        raise InputError(_message(session, f"has no identity provider {_PROVIDER}"))


def require_api_logging(session: Session) -> None:
    """InputError unless API Gateway may write logs: AWS refuses a stage with logs where the region has no role for it."""
    if not api_log_role(session):
        raise InputError(
            _message(session, "has no role with which API Gateway writes logs (production.yml: clients_call is api)")
        )


def _message(session: Session, lack: str) -> str:
    return (
        f"The account {session.account} {lack} in {session.region}. Run in the template's repository, once in each "
        f"region: make foundation AWS_REGION={session.region}"
    )
