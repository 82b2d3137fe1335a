"""Wraps checks in Lambda handlers that always report the result to CodeDeploy or CloudFormation."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
from aws_lambda_powertools import Logger

logger = Logger()

_TIMEOUT_SECONDS = 20
_REASON_LENGTH = 1000


class CheckFailed(Exception):
    """A check of a release has failed, before or after it gets traffic; the message is the reason."""


def hook(check: Callable[[], str]) -> Callable[[dict[str, Any], Any], None]:
    """Wrap a check in a handler for a lifecycle event of CodeDeploy, or for a custom resource of CloudFormation.

    The check returns its findings, or raises. Any exception fails the deployment at once; an unreported failure would
    keep CodeDeploy waiting for an hour.
    Source: AWS CodeDeploy User Guide, "AppSpec 'hooks' section for an AWS Lambda deployment"; AWS CloudFormation User
    Guide, "Custom resource request objects".
    """

    def handler(event: dict[str, Any], context: Any) -> None:
        if "ResponseURL" in event:
            # Traffic follows only the creation of the resource; updates and deletions need no check.
            reason = failure(check) if event["RequestType"] == "Create" else ""
            _answer_cloudformation(event, reason)
        else:
            _answer_codedeploy(event, failure(check))

    return handler


def bucket_and_key(uri: str) -> tuple[str, str]:
    """The two parts of s3://bucket/key."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")


def failure(check: Callable[[], str]) -> str:
    """Why the check failed, empty when it passed."""
    try:
        logger.info("Passed", extra={"found": check()})
    except CheckFailed as error:
        logger.error("Failed", extra={"reason": str(error)})
        return str(error)
    except Exception as error:
        logger.exception("Failed")
        return f"{type(error).__name__}: {error}"
    return ""


def _answer_codedeploy(event: dict[str, Any], reason: str) -> None:
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Failed" if reason else "Succeeded",
    )


def _answer_cloudformation(event: dict[str, Any], reason: str) -> None:
    response = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason[:_REASON_LENGTH],
        "PhysicalResourceId": event["LogicalResourceId"],
        **{key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")},
    }
    # The URL's signature covers an empty content type.
    request = urllib.request.Request(
        event["ResponseURL"], json.dumps(response).encode(), {"Content-Type": ""}, method="PUT"
    )
    urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS).close()
