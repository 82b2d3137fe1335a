"""Checks of what the machine brings: the configuration, the credentials, the region."""

from __future__ import annotations

import os

import boto3
from botocore.exceptions import BotoCoreError

from mlops.aws.session import AWSError
from mlops.errors import InputError
from mlops.release.diagnosis.findings import Results, ok, problem
from mlops.release.repository import Repository


def configuration(repository: Repository) -> Results:
    """Every file of configuration/ is valid."""
    try:
        repository.check()
    except InputError as error:
        yield problem(error.message, "; ".join(str(each) for each in error.problems))
        return
    yield ok("every file is valid")


def credentials(repository: Repository) -> Results:
    """AWS accepts the credentials; who they are and for which account."""
    try:
        caller = repository.session.client("sts").get_caller_identity()
    except InputError as error:
        yield problem(error.message, "; ".join(str(each) for each in error.problems))
        return
    except AWSError as error:
        detail, _, remedy = str(error).partition(". ")
        yield problem(f"{detail}.", remedy or "Sign in (aws sso login) and name the profile in AWS_PROFILE.")
        return
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    yield ok(f"{caller['Arn']} in the account {caller['Account']}{f' of the cloud at {endpoint}' if endpoint else ''}")


def region(repository: Repository) -> Results:
    """Environment and profile name the region of configuration/project.json, or none."""
    configured = repository.project.region
    try:
        named = boto3.Session().region_name
    except BotoCoreError as error:
        yield problem(f"The profile can't be read: {error}.", "Name another profile in AWS_PROFILE.")
        return
    try:
        repository.session  # noqa: B018 - reading it is the check
    except InputError as error:
        yield problem(f"AWS has no region {configured}.", "; ".join(map(str, error.problems)))
        return
    if named in (None, configured):
        yield ok(f"{configured}, of configuration/project.json")
        return
    yield problem(
        f"Commands of mlops use {configured} (region in configuration/project.json), other commands of this shell {named}.",
        f"export AWS_REGION={configured}, or correct configuration/project.json.",
    )
