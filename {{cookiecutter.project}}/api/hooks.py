"""What the hooks around a shift have in common: CodeDeploy hears how they ended, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
from aws_lambda_powertools import Logger

logger = Logger()


class CheckFailed(Exception):
    """The release is not fit for its traffic; the message is the reason."""


def hook(check: Callable[[], str]) -> Callable[[dict[str, Any], Any], None]:
    """Make a check into the handler of a lifecycle event of CodeDeploy.

    The check returns what it found, or raises. Any exception is a failure of the deployment, which CodeDeploy would
    otherwise learn only when the hook's hour is over.
    Source: AWS CodeDeploy User Guide, "AppSpec 'hooks' section for an AWS Lambda deployment".
    """

    def handler(event: dict[str, Any], context: Any) -> None:
        try:
            logger.info("Passed", extra={"found": check()})
            status = "Succeeded"
        except CheckFailed as error:
            logger.error("Failed", extra={"reason": str(error)})
            status = "Failed"
        except Exception:
            logger.exception("Failed")
            status = "Failed"
        boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=status,
        )

    return handler


def bucket_and_key(uri: str) -> tuple[str, str]:
    """The two parts of s3://bucket/key."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")
