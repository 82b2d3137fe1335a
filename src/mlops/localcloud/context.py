"""The request or background work that a service runs for: its scope, caller, clients and directories."""

import contextvars
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.client import BaseClient
from botocore.config import Config

from mlops.localcloud import background
from mlops.localcloud.identity import container_credentials, roles
from mlops.localcloud.ministack import eventbridge, iam, scope, stepfunctions
from mlops.localcloud.settings import Settings

T = TypeVar("T")

settings: Settings
account = scope.account
region = scope.region
RoleNotAssumable = roles.RoleNotAssumable
spawn = background.spawn
submit = background.submit
put_event = eventbridge.put_event
state_machine_execution_stopped = stepfunctions.state_machine_execution_stopped
state_machine_role = stepfunctions.state_machine_role

_caller: contextvars.ContextVar[str | None] = contextvars.ContextVar("caller", default=None)
_scoped: dict[Callable[[], Any], dict[tuple[str, str], Any]] = {}
_shutdown_hooks: list[Callable[[], None]] = []
_clients: dict[tuple, BaseClient] = {}
_clients_lock = threading.RLock()
_CONFIG = Config(retries={"total_max_attempts": 2, "mode": "standard"}, max_pool_connections=32)


def configure(new: Settings) -> None:
    """Set the cloud's settings. Called once, by the server."""
    global settings
    settings = new


def set_caller(principal_arn: str | None) -> None:
    """Set the principal that signed the current request; None for the cloud's own."""
    _caller.set(principal_arn)


def caller() -> str:
    """The ARN of the principal that signed the current request; the account's root for work of the cloud itself."""
    return _caller.get() or f"arn:aws:iam::{account()}:root"


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

    _scoped[current] = states
    return current


def scopes(state: Callable[[], Any]) -> list[tuple[str, str]]:
    """The accounts and regions that have some of a scoped state."""
    return list(_scoped[state])


def within(account_id: str, region_name: str, function: Callable[[], T]) -> T:
    """Call a function as work for another account and region."""
    copied = contextvars.copy_context()
    copied.run(scope.set_scope, account_id, region_name)
    return copied.run(function)


def client(service: str, role_arn: str | None = None, assumed_by: str = "") -> BaseClient:
    """A boto3 client of this cloud: as its administrator, or under a role that an AWS service assumes.

    `assumed_by` is the service's principal, such as codebuild.amazonaws.com. Within a change of a stack that has a
    role, the administrator's calls run under that role. Raises RoleNotAssumable.
    """
    acting = roles.acting_role()
    if role_arn is None and acting is not None:
        role_arn, assumed_by = acting.role_arn, acting.service
    credentials = _credentials(role_arn, assumed_by)
    key = (service, credentials["aws_access_key_id"], account(), region())
    with _clients_lock:
        if key not in _clients:
            _clients[key] = _session().client(
                service, endpoint_url=settings.endpoint_url, region_name=region(), config=_CONFIG, **credentials
            )
        return _clients[key]


def role_environment(role_arn: str, assumed_by: str) -> dict[str, str]:
    """Environment variables that let a child process call this cloud under a role that a service assumes."""
    path = container_credentials.path_of(role_arn, assumed_by)
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{settings.endpoint_url}{path}",
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        "AWS_REGION": region(),
        "AWS_DEFAULT_REGION": region(),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
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


def _credentials(role_arn: str | None, assumed_by: str) -> dict[str, str]:
    return roles.credentials(role_arn, assumed_by) if role_arn else _root_credentials(account())


@cache
def _root_credentials(account_id: str) -> dict[str, str]:
    return iam.open_root_session(account_id)
