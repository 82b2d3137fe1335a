"""`make foundation` and `make studio`: what an AWS account needs once, beside the model repositories.

Exit codes: 0 done, 1 AWS refused, 2 the input is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import click
import foundation
import studio
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ProfileNotFound
from stack import Refused

_region = click.option("--region", envvar="AWS_REGION", help="[default: AWS_REGION, or the profile's region]")


@click.group()
def main() -> None:
    """Deploy what an AWS account needs once in each region. Run a command again after an update of this template."""


@main.command("foundation")
@_region
def deploy_foundation(region: str | None) -> None:
    """Make GitHub's identity provider, and let API Gateway write logs in the region.

    A provider or a role that exists already is kept.
    """
    with _refusals():
        foundation.deploy(_session(region))


@main.command("studio")
@click.argument("domain")
@click.option("--catalog", is_flag=True, help="Offer the template by Service Catalog too.")
@_region
def deploy_studio(domain: str, catalog: bool, region: str | None) -> None:
    """Offer the template to the users of a SageMaker domain, such as d-abcdefghijkl.

    Repositories are generated from what is committed here. Projects that exist keep theirs.
    """
    with _refusals():
        studio.deploy(_session(region), domain, catalog=catalog)


def _session(region: str | None) -> boto3.Session:
    session = boto3.Session(region_name=region)
    if session.region_name is None:
        raise Refused("No region. Add --region, such as --region eu-west-1.", 2)
    return session


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn errors of AWS and of credentials into messages for people."""
    try:
        yield
    except NoCredentialsError as error:
        raise Refused(
            "No AWS credentials found. Sign in (aws sso login) and name the profile in AWS_PROFILE.", 2
        ) from error
    except ProfileNotFound as error:
        raise Refused(f"{error}. AWS_PROFILE names it.", 2) from error
    except (ClientError, BotoCoreError) as error:
        raise Refused(f"AWS refused: {error}", 1) from error


if __name__ == "__main__":
    sys.exit(main())
