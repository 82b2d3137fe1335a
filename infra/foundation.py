"""GitHub's identity provider in the account, and API Gateway's logs in the region."""

from __future__ import annotations

from pathlib import Path

import boto3
import click
from botocore.client import BaseClient
from botocore.config import Config
from stack import Refused, Stack

STACK = "mlops-foundation"
AUDIENCE = "sts.amazonaws.com"
PROVIDER = "token.actions.githubusercontent.com"

_TEMPLATE = Path(__file__).with_suffix(".yml")
_RETRIES = Config(retries={"mode": "adaptive", "max_attempts": 10})


def deploy(session: boto3.Session) -> None:
    """Deploy the stack for what the account lacks in the region."""
    iam = session.client("iam")
    stack = Stack(session.client("cloudformation", config=_RETRIES), STACK, _TEMPLATE)
    _require_audience(iam)
    own = stack.resources
    # What the stack has made it keeps; what the account has from elsewhere is used.
    makes = {
        "CreateOidcProvider": "OidcProvider" in own or _provider(iam) is None,
        "SetApiGatewayLogging": "ApiGatewayAccount" in own or not _has_logging(session),
    }
    if not any(makes.values()):
        click.echo(
            f"The account has everything in {session.region_name} already. In each model repository: mlops bootstrap"
        )
        return
    click.echo(f"Deploying the stack {STACK} in {session.region_name}")
    if not makes["CreateOidcProvider"]:
        click.echo(f"  the account's identity provider {PROVIDER} is used")
    stack.deploy({name: str(value).lower() for name, value in makes.items()})
    for name, value in stack.outputs.items():
        click.echo(f"  {name}: {value}")
    click.echo("In each model repository now: mlops bootstrap")


def _provider(iam: BaseClient) -> str | None:
    """The ARN of the account's provider for GitHub."""
    providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return next((each["Arn"] for each in providers if each["Arn"].endswith(f"/{PROVIDER}")), None)


def _require_audience(iam: BaseClient) -> None:
    """Refuse an existing provider whose audiences are not those of the workflows."""
    arn = _provider(iam)
    if arn and AUDIENCE not in iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]:
        raise Refused(
            f"The account's identity provider {PROVIDER} is not for the audience {AUDIENCE}. Add it: aws iam "
            f"add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {arn} --client-id {AUDIENCE}",
            2,
        )


def _has_logging(session: boto3.Session) -> bool:
    return bool(session.client("apigateway").get_account().get("cloudwatchRoleArn"))
