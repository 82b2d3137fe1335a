"""`make foundation`: what an AWS account needs once, before any model repository.

Exit codes: 0 done, 1 AWS refused, 2 the input is wrong.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import click
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ProfileNotFound

STACK = "mlops-foundation"
AUDIENCE = "sts.amazonaws.com"
PROVIDER = "token.actions.githubusercontent.com"

_TEMPLATE = Path(__file__).with_name("foundation.yml")
_RETRIES = Config(retries={"mode": "adaptive", "max_attempts": 10})
_SETTLED = ("_COMPLETE", "_FAILED")


class Refused(click.ClickException):
    """A message for people."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it of the instance


@click.command()
@click.option("--region", envvar="AWS_REGION", help="[default: AWS_REGION, or the profile's region]")
def main(region: str | None) -> None:
    """Make GitHub's identity provider, and let API Gateway write logs in the region.

    Once in each region. What is there already is used. Run it again after an update of this template.
    """
    try:
        _deploy(boto3.Session(region_name=region))
    except NoCredentialsError as error:
        raise Refused(
            "No AWS credentials found. Sign in (aws sso login) and name the profile in AWS_PROFILE.", 2
        ) from error
    except ProfileNotFound as error:
        raise Refused(f"{error}. AWS_PROFILE names it.", 2) from error
    except (ClientError, BotoCoreError) as error:
        raise Refused(f"AWS refused: {error}", 1) from error


def _deploy(session: boto3.Session) -> None:
    if session.region_name is None:
        raise Refused("No region. Add --region, such as --region eu-west-1.", 2)
    cloudformation, iam = session.client("cloudformation", config=_RETRIES), session.client("iam")
    stack = _describe(cloudformation)
    _require_audience(iam)
    own = _resources(cloudformation) if stack else set()
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
    parameters = {name: str(value).lower() for name, value in makes.items()}
    _carry_out(cloudformation, "UPDATE" if stack else "CREATE", parameters)
    outputs = {each["OutputKey"]: each["OutputValue"] for each in _stack(cloudformation)["Outputs"]}
    for name, value in outputs.items():
        click.echo(f"  {name}: {value}")
    click.echo("In each model repository now: mlops bootstrap")


def _resources(cloudformation: BaseClient) -> set[str]:
    """The logical ids of what the stack has made."""
    resources = cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    return {each["LogicalResourceId"] for each in resources if not each["ResourceStatus"].startswith("DELETE")}


def _carry_out(cloudformation: BaseClient, kind: str, parameters: dict[str, str]) -> None:
    name = f"foundation-{time.time_ns()}"
    cloudformation.create_change_set(
        StackName=STACK,
        ChangeSetName=name,
        ChangeSetType=kind,
        TemplateBody=_TEMPLATE.read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    for pause in _pauses():
        change_set = cloudformation.describe_change_set(StackName=STACK, ChangeSetName=name)
        if change_set["Status"] == "CREATE_COMPLETE":
            break
        if change_set["Status"] == "FAILED":
            cloudformation.delete_change_set(StackName=STACK, ChangeSetName=name)
            if "didn't contain changes" in change_set["StatusReason"] or "No updates" in change_set["StatusReason"]:
                click.echo("  it was up to date")
                return
            raise Refused(f"The stack {STACK} can't be deployed: {change_set['StatusReason']}", 1)
        time.sleep(pause)
    cloudformation.execute_change_set(StackName=STACK, ChangeSetName=name)
    _wait(cloudformation)


def _wait(cloudformation: BaseClient) -> None:
    for pause in _pauses():
        status = _stack(cloudformation)["StackStatus"]
        if status.endswith(_SETTLED):
            break
        time.sleep(pause)
    if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        click.echo("  done")
        return
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [each for each in reversed(events) if each["ResourceStatus"].endswith("_FAILED")]
    reason = (
        f"{failed[0]['LogicalResourceId']}: {failed[0].get('ResourceStatusReason')}" if failed else "no reason given"
    )
    raise Refused(f"The stack {STACK} ended in {status}. {reason}", 1)


def _pauses() -> Iterator[float]:
    """Seconds between two questions, each a tenth longer than the one before: AWS allows few of them."""
    pause = 0.5
    while True:
        yield pause
        pause = min(1.1 * pause, 5)


def _describe(cloudformation: BaseClient) -> dict | None:
    try:
        (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return stack if stack["StackStatus"] != "REVIEW_IN_PROGRESS" else None


def _stack(cloudformation: BaseClient) -> dict:
    stack = _describe(cloudformation)
    if stack is None:
        raise Refused(f"The stack {STACK} was deleted while it was deployed. Run: make foundation", 1)
    return stack


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


if __name__ == "__main__":
    sys.exit(main())
