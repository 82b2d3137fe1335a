"""AWS clients for one region, whose errors are written for people."""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import Any
from urllib.parse import urlparse

import boto3
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnection

from mlops.errors import InputError, MlopsError

SIGN_IN = "For AWS sign in (aws sso login) and name the profile in AWS_PROFILE."
_LOGIN = f'For the local cloud run: mlops local up && eval "$(mlops local env)". {SIGN_IN}'
_START_LOCAL_CLOUD = 'mlops local up, and then eval "$(mlops local env)"'
# How often a failing call is attempted, and how often a throttled one.
_ATTEMPTS, _MOST_ATTEMPTS = 3, 10
_BUSY_CODES = {
    "LimitExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_CREDENTIALS_CODES = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_MISSING_CODES = {"ResourceNotFound", "ResourceNotFoundException"}
_VALIDATION_CODES = {"ValidationError", "ValidationException"}
_MISSING_MESSAGE = re.compile("does not exist|not found|(could not|unable to) find", re.IGNORECASE)
_DENIED_CODES = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException"}
_NOT_AUTHORIZED = re.compile(
    r"(?:User: (?P<who>\S+) )?is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>\S+))?"
)


_ACTION_OF_A_HEAD = {"HeadObject": "s3:GetObject", "HeadBucket": "s3:ListBucket"}
# SageMaker gives a model 60 s and then returns an error about its time-out; wait long enough to receive that error.
_READ_TIMEOUT_SECONDS = {"sagemaker-runtime": 70}


class AWSError(MlopsError):
    """A failed call to AWS.

    `code` is AWS's error code, such as "ResourceNotFoundException", or the name of botocore's exception when no response
    arrived; `operation` is AWS's name of the call, `response` is AWS's response with the members of the error, or empty.
    `is_unreachable` says that nothing accepts connections at the endpoint. The exit code is 2 when the caller's
    credentials, region, permissions or endpoint are at fault, else 1: also for an endpoint that responded before.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        operation: str = "",
        exit_code: int = 1,
        response: dict[str, Any] | None = None,
        is_unreachable: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.is_unreachable = is_unreachable
        self.operation = operation
        self.exit_code = exit_code
        self.response = response or {}

    @property
    def is_denied(self) -> bool:
        """Whether the caller lacks a permission; the message names the action."""
        return self.code in _DENIED_CODES or (self.code == "403" and self.operation in _ACTION_OF_A_HEAD)

    @property
    def is_missing_resource(self) -> bool:
        """Whether AWS refused the call because the resource does not exist.

        CloudFormation and SageMaker have one code for invalid and for missing; only the message distinguishes them.
        """
        return self.code in _MISSING_CODES or (
            self.code in _VALIDATION_CODES and _MISSING_MESSAGE.search(str(self)) is not None
        )


class Session:
    """Clients of one region. Only AWS_ENDPOINT_URL decides which endpoints they call."""

    def __init__(self, region: str | None = None) -> None:
        try:
            self._boto = boto3.Session(region_name=region)
        except BotoCoreError as error:
            raise translate(error) from error
        # boto3's documented way to extend a client: https://docs.aws.amazon.com/boto3/latest/guide/events.html
        self._boto.events.register("creating-client-class", self._translate_errors)
        self._boto.events.register_first("needs-retry", _give_up)
        self._clients: dict[str, Any] = {}
        self._has_responded = False

    @property
    def region(self) -> str:
        return self._boto.region_name

    @property
    def known_regions(self) -> list[str]:
        """The codes of AWS's regions in all partitions, by the endpoints that clients are created with."""
        partitions = self._boto.get_available_partitions()
        return sorted(code for each in partitions for code in self._boto.get_available_regions("cloudformation", each))

    @property
    def credentials(self) -> Credentials | None:
        """Credentials for requests that no client of boto3 sends, such as those to the repository's own API."""
        return self._boto.get_credentials()

    @property
    def partition(self) -> str:
        """aws, aws-cn or aws-us-gov."""
        return self._boto.get_partition_for_region(self.region)

    @property
    def is_local(self) -> bool:
        """Whether clients call this machine, where the local cloud is, and not AWS."""
        return _is_local(self.client("sts").meta.endpoint_url)

    @cached_property
    def account(self) -> str:
        """The account of the credentials in use, 12 digits."""
        return self.client("sts").get_caller_identity()["Account"]

    def client(self, service: str) -> Any:
        """A boto3 client that raises `AWSError` instead of botocore's exceptions.

        Its waiters do not work, because they expect botocore's: poll with `polling.Backoff`.
        """
        if service not in self._clients:
            read_timeout = _READ_TIMEOUT_SECONDS.get(service, 60)
            retries = {"mode": "adaptive", "total_max_attempts": _MOST_ATTEMPTS}
            config = Config(retries=retries, connect_timeout=10, read_timeout=read_timeout)
            try:
                self._clients[service] = self._boto.client(service, config=config)
            except BotoCoreError as error:
                raise translate(error) from error
            except ValueError as error:
                raise InputError(f"AWS_ENDPOINT_URL: {error}; allowed: a URL such as http://127.0.0.1:4566") from error
        return self._clients[service]

    def _translate_errors(self, base_classes: list[type], **_: object) -> None:
        session = self

        class Translating:
            meta: Any

            def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any:
                try:
                    response = super()._make_api_call(operation_name, api_params)  # type: ignore[misc]  # the method of boto3's class
                except ParamValidationError:
                    raise  # a bug of this package: keep its traceback
                except ReadTimeoutError as error:
                    callee = api_params.get("EndpointName") or self.meta.endpoint_url
                    raise _unanswered(callee, self.meta.config.read_timeout, operation_name) from error
                except (BotoCoreError, ClientError) as error:
                    if _is_denied_head(error, operation_name):
                        raise _denied_head(session, api_params) from error
                    if session._has_responded and isinstance(error, (NoConnection, HTTPClientError)):
                        raise _lost(error, operation_name, self.meta.endpoint_url) from error
                    service = self.meta.service_model.service_id
                    raise translate(error, service, operation_name, self.meta.endpoint_url) from error
                session._has_responded = True
                return response

        base_classes.insert(0, Translating)

    def _caller(self) -> str:
        """The ARN of the credentials in use, as far as AWS discloses it."""
        try:
            return self.client("sts").get_caller_identity()["Arn"]
        except AWSError:
            return "These credentials"


def _give_up(
    attempts: int,
    operation: Any,
    response: tuple[Any, dict[str, Any]] | None = None,
    caught_exception: Exception | None = None,
    **_: object,
) -> None:
    """Raise after _ATTEMPTS, unless AWS throttles: throttled calls get _MOST_ATTEMPTS, each after a longer pause.

    botocore calls this with the response or the exception of each attempt, before it decides about a retry itself.
    """
    if attempts < _ATTEMPTS:
        return
    if caught_exception is not None:
        raise caught_exception
    parsed = response[1] if response else {}
    code = parsed.get("Error", {}).get("Code", "")
    if code and code not in _BUSY_CODES:
        raise ClientError(parsed, operation.name)


def _unanswered(callee: str, seconds: float, operation: str) -> AWSError:
    message = f"{callee} did not respond to {operation} within {seconds:g} s, nor did a retry succeed."
    return AWSError(message, code="ReadTimeoutError", operation=operation)


def _lost(error: Exception, operation: str, endpoint: str) -> AWSError:
    """The connection is lost during the command: its input was right."""
    if _is_local(endpoint):
        message = (
            f"The local cloud at {endpoint} has ended during this command, and everything in it; its logs stay. Begin "
            f"again: {_START_LOCAL_CLOUD}, and then mlops deploy"
        )
    else:
        message = (
            f"{endpoint} can't be reached any more: {error}. Check the network and the proxy. What has started in AWS "
            "continues. See it with: mlops status. Follow a release with: mlops watch"
        )
    return AWSError(message, code=type(error).__name__, operation=operation, is_unreachable=True)


def _is_local(endpoint: str) -> bool:
    return urlparse(endpoint).hostname in {"127.0.0.1", "localhost", "::1"}


def _is_denied_head(error: Exception, operation: str) -> bool:
    """Whether S3 denied a HEAD request, whose response has no body and so gives no reason."""
    return (
        isinstance(error, ClientError)
        and operation in _ACTION_OF_A_HEAD
        and error.response.get("Error", {}).get("Code") == "403"
    )


def _denied_head(session: Session, parameters: dict) -> AWSError:
    location = "/".join(filter(None, (parameters["Bucket"], parameters.get("Key"))))
    operation = "HeadObject" if "Key" in parameters else "HeadBucket"
    action = _ACTION_OF_A_HEAD[operation]
    if "VersionId" in parameters:
        action = "s3:GetObjectVersion"
    message = (
        f"{session._caller()} may not read s3://{location}: use another role or allow it {action} on "
        f"arn:{session.partition}:s3:::{location} (and kms:Decrypt with the key of the object, if it has one)."
    )
    return AWSError(message, code="403", operation=operation, exit_code=2)


def translate(error: Exception, service: str = "", operation: str = "", endpoint: str = "") -> AWSError:
    """The error with a message for people: what is wrong and what to run next."""
    if isinstance(error, ClientError):
        return _refused(error, service, operation)
    message, exit_code = _not_called(error, endpoint)
    is_unreachable = isinstance(error, (NoConnection, HTTPClientError))
    return AWSError(
        message, code=type(error).__name__, operation=operation, exit_code=exit_code, is_unreachable=is_unreachable
    )


def _not_called(error: Exception, endpoint: str) -> tuple[str, int]:
    if isinstance(error, ProfileNotFound):
        profile = os.environ.get("AWS_PROFILE", "")
        return f"AWS_PROFILE names the profile {profile!r}, which ~/.aws/config doesn't have. {_LOGIN}", 2
    if isinstance(error, NoCredentialsError):
        return f"No AWS credentials found. {_LOGIN}", 2
    if isinstance(error, (PartialCredentialsError, CredentialRetrievalError, SSOError, TokenRetrievalError)):
        return f"The AWS credentials can't be used: {error}. {_LOGIN}", 2
    if isinstance(error, NoRegionError):
        return 'No AWS region: set "region" in configuration/project.json, such as "us-east-1".', 2
    if isinstance(error, (NoConnection, HTTPClientError)):
        if _is_local(endpoint):
            return f"Nothing answers at {endpoint}. Is the local cloud running? Run: {_START_LOCAL_CLOUD}", 2
        return f"{endpoint} can't be reached: {error}. Check the network, the proxy and the region.", 2
    return f"AWS can't be called: {error}", 1


def _refused(error: ClientError, service: str, operation: str) -> AWSError:
    details = error.response.get("Error", {})
    code, text = details.get("Code", "Unknown"), details.get("Message") or "no reason given"
    if code in _CREDENTIALS_CODES:
        message = f"AWS doesn't accept these credentials ({code}: {text}). {_LOGIN}"
        return AWSError(message, code=code, operation=operation, exit_code=2, response=error.response)
    if code in _DENIED_CODES:
        message = _denied(text, service, operation)
        return AWSError(message, code=code, operation=operation, exit_code=2, response=error.response)
    message = f"{service} {operation}: {text} ({code})"
    return AWSError(message, code=code, operation=operation, response=error.response)


def _denied(text: str, service: str, operation: str) -> str:
    denial = _NOT_AUTHORIZED.search(text)
    if denial is None:
        return f"These credentials may not call {service} {operation}: {text}"
    who = denial["who"] or "These credentials"
    resource = f" on {denial['resource']}" if denial["resource"] else ""
    return f"{who} may not do {denial['action']}{resource}: use another role or extend its policy. AWS: {text}"
