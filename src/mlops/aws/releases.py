"""The record of a release: the template and the parameters that production is deployed with, written once.

A rollback deploys the record of its target, and so reverts every change of later releases.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from mlops import names as keys
from mlops.aws import checksums, stacks
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError
from mlops.names import Names


@dataclass(frozen=True)
class Record:
    """The input of the stack of production: infra/endpoint.yml of the release, its parameters and tags."""

    template: str
    parameters: dict[str, str]
    tags: dict[str, str]


# Statuses of a stack that was never created completely, or is deleted.
_NEVER_SERVED = ("CREATE_", "ROLLBACK_", "DELETE_", "REVIEW_")


def deployed(session: Session, names: Names) -> dict[str, str]:
    """The parameters that production serves with; empty where nothing has been released yet."""
    stack = stacks.describe(session, names.endpoint_stack("production"))
    if stack is None or (stack["StackStatus"].startswith(_NEVER_SERVED) and stack["StackStatus"] != "CREATE_COMPLETE"):
        return {}
    return stacks.parameters_of(stack)


def served_model(session: Session, names: Names) -> str | None:
    """The S3 URI of the model that production serves, from the stack: not every approved package is deployed."""
    return stacks.outputs(session, names.endpoint_stack("production")).get("ModelDataUrl")


def require_repeatable(session: Session, names: Names) -> None:
    """InputError while the stack of production has a status in which CloudFormation does not update it."""
    name = names.endpoint_stack("production")
    status = (stacks.describe(session, name) or {}).get("StackStatus", "")
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"):
        raise InputError(
            f"The stack {name} is in {status}: no release has ever served from it, and CloudFormation does not "
            f"update it. Delete the stack: aws cloudformation delete-stack --stack-name {name}"
        )
    if status == "UPDATE_ROLLBACK_FAILED":
        raise InputError(
            f"The stack {name} is in {status}: its last update could not be undone. Run: "
            f"aws cloudformation continue-update-rollback --stack-name {name}"
        )


def write(session: Session, bucket: str, execution_id: str, record: Record) -> None:
    """Write the record of an execution. PipelineError when a different record exists."""
    content = json.dumps(asdict(record), sort_keys=True).encode()
    checksums.put_once(session.client("s3"), bucket, keys.release_record_key(execution_id), content)


def read(session: Session, bucket: str, execution_id: str) -> Record:
    """The record of an execution. InputError when it does not exist."""
    key = keys.release_record_key(execution_id)
    try:
        response = session.client("s3").get_object(Bucket=bucket, Key=key)
    except AWSError as error:
        if error.code in ("NoSuchKey", "404"):
            raise InputError(
                f"The release of execution {execution_id} has no record: s3://{bucket}/{key} does not exist. "
                "Release its commit again with: mlops start"
            ) from error
        raise
    return Record(**json.loads(response["Body"].read()))
