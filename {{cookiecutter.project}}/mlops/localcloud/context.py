"""What a service of the local cloud knows about the request or background work that it runs for."""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError

from mlops.localcloud import base
from mlops.localcloud.settings import Settings

T = TypeVar("T")

settings: Settings
account = base.account
region = base.region
put_event = base.put_event
state_machine_execution_stopped = base.state_machine_execution_stopped
state_machine_role = base.state_machine_role

_shutdown_hooks: list[Callable[[], None]] = []
_clients: dict[tuple, BaseClient] = {}
_clients_lock = threading.RLock()
_CONFIG = Config(retries={"total_max_attempts": 2, "mode": "standard"}, max_pool_connections=32)


class RoleNotAssumable(Exception):
    """The role does not exist, or nobody may assume it."""


def configure(new: Settings) -> None:
    """Set the cloud's settings. Called once, by the server."""
    global settings
    settings = new
    settings.directory.mkdir(parents=True, exist_ok=True)


def arn(service: str, resource: str) -> str:
    """The ARN of a resource in the current account and region."""
    return f"arn:aws:{service}:{region()}:{account()}:{resource}"


def directory(*parts: str) -> Path:
    """A directory below the cloud's own, made when it does not exist."""
    path = settings.directory.joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def scoped(factory: Callable[[], T]) -> Callable[[], T]:
    """State per account and region: the returned function gives the current one's, made by `factory`."""
    states: dict[tuple[str, str], T] = {}
    lock = threading.Lock()

    def current() -> T:
        key = (account(), region())
        with lock:
            if key not in states:
                states[key] = factory()
            return states[key]

    return current


def spawn(function: Callable[..., Any], *args: Any) -> threading.Thread:
    """Run background work that keeps the current account and region."""
    run = contextvars.copy_context().run
    thread = threading.Thread(target=run, args=(function, *args), daemon=True, name=function.__name__)
    thread.start()
    return thread


def submit(executor: ThreadPoolExecutor, function: Callable[..., T], *args: Any) -> "Future[T]":
    """Like `executor.submit`, keeping the current account and region."""
    return executor.submit(contextvars.copy_context().run, function, *args)


def client(service: str, role_arn: str | None = None) -> BaseClient:
    """A boto3 client of this cloud, as its administrator or under a role.

    Raises RoleNotAssumable when there is no such role.
    """
    key = (service, role_arn, account(), region())
    with _clients_lock:
        if key not in _clients:
            _clients[key] = _session().client(
                service,
                endpoint_url=settings.endpoint_url,
                region_name=region(),
                config=_CONFIG,
                **_credentials(role_arn),
            )
        return _clients[key]


def role_environment(role_arn: str) -> dict[str, str]:
    """Environment variables that let a child process call this cloud under a role."""
    credentials = _credentials(role_arn)
    return {
        "AWS_ACCESS_KEY_ID": credentials["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": credentials["aws_secret_access_key"],
        "AWS_SESSION_TOKEN": credentials["aws_session_token"],
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        "AWS_REGION": region(),
        "AWS_DEFAULT_REGION": region(),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def on_shutdown(hook: Callable[[], None]) -> None:
    """Run `hook` while the cloud still answers, before its processes are stopped."""
    _shutdown_hooks.append(hook)


def shutdown_hooks() -> list[Callable[[], None]]:
    """The hooks that were registered, last first."""
    return list(reversed(_shutdown_hooks))


@cache
def _session() -> boto3.Session:
    return boto3.Session()


def _credentials(role_arn: str | None) -> dict[str, str]:
    if role_arn is None:
        return {"aws_access_key_id": account(), "aws_secret_access_key": "local"}
    try:
        client("iam").get_role(RoleName=role_arn.rpartition("/")[2])
        answer = client("sts").assume_role(
            RoleArn=role_arn, RoleSessionName="localcloud", DurationSeconds=43200
        )
    except ClientError as error:
        raise RoleNotAssumable(
            f"{role_arn} cannot be assumed: {error.response['Error']['Message']}"
        ) from error
    credentials = answer["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
