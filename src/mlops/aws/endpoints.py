"""Calls SageMaker endpoints and reads their status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mlops.aws import stacks
from mlops.aws.logs import LogLocation
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError, PipelineError
from mlops.names import Names, Stage


@dataclass(frozen=True)
class Response:
    body: bytes
    content_type: str
    variant: str


@dataclass(frozen=True)
class Status:
    """`status` is AWS's word, such as InService, Updating or Failed."""

    name: str
    status: str
    failure_reason: str
    changed: datetime


def name_of(session: Session, names: Names, stage: Stage, execution_id: str | None = None) -> str:
    """The name of a stage's deployed endpoint, or of the endpoint that an execution created or tried to create.

    Behind the API each release has its own endpoint, whose name is a parameter of the stack.
    """
    deployed = stacks.parameters(session, names.endpoint_stack(stage))
    if execution_id and deployed.get("ClientsCall") == "api":
        return names.release_endpoint(execution_id)
    return deployed.get("EndpointName", names.endpoint(stage))


def log_of(endpoint: str) -> LogLocation:
    """The log of an endpoint's containers."""
    return LogLocation(f"/aws/sagemaker/Endpoints/{endpoint}")


def describe(session: Session, endpoint: str) -> Status | None:
    """The endpoint's status, or None when there is no such endpoint."""
    try:
        response = session.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    except AWSError as error:
        if error.is_missing_resource:
            return None
        raise
    return Status(endpoint, response["EndpointStatus"], response.get("FailureReason", ""), response["LastModifiedTime"])


def invoke(session: Session, endpoint: str, body: bytes, *, content_type: str, accept: str) -> Response:
    """The endpoint's response to one request.

    InputError when there is no such endpoint or the model refuses the rows (4xx), PipelineError when it
    fails (5xx).
    """
    try:
        response = session.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=endpoint, Body=body, ContentType=content_type, Accept=accept
        )
    except AWSError as error:
        raise _not_answered(session, endpoint, error) from error
    return Response(response["Body"].read(), response["ContentType"], response.get("InvokedProductionVariant", ""))


def _not_answered(session: Session, endpoint: str, error: AWSError) -> Exception:
    if error.code == "ModelError":
        status, message = error.response.get("OriginalStatusCode", 500), error.response.get("OriginalMessage", "")
        if 400 <= status < 500:
            return InputError(f"The model in {endpoint} refused the request ({status}): {message}")
        failure = f"failed ({status})" if status else "did not answer"
        return PipelineError(f"The model in {endpoint} {failure}: {message} Log: {log_of(endpoint)}")
    if error.code == "ValidationError" and describe(session, endpoint) is None:
        return InputError(f"There is no endpoint {endpoint} yet. See what has been released with: mlops status")
    return error
