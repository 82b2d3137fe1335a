"""Roles that AWS's services assume: for jobs, builds, pipelines, state machines, stacks."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from mlops.localcloud.ministack import iam, scope

# Replaces the service for work that runs in the caller's own session.
CALLER = "caller"


class RoleNotAssumable(Exception):
    """The role does not exist, or its trust policy does not let the service assume it."""


@dataclass(frozen=True)
class AssumedRole:
    """A role assumed by a service, such as codebuild.amazonaws.com."""

    role_arn: str
    service: str

    @property
    def session_name(self) -> str:
        return self.service.partition(".")[0]


_acting: ContextVar[AssumedRole | None] = ContextVar("acting_role", default=None)
# When each session was opened, in seconds of the monotonic clock, and its credentials.
_sessions: dict[tuple[AssumedRole, str, str], tuple[float, dict[str, str]]] = {}
_SESSION_SECONDS = 3600
_lock = threading.Lock()


def require_assumable(role_arn: str, service: str) -> None:
    """Raise RoleNotAssumable in AWS's words unless the service may assume the role."""
    if not iam.is_assumable(role_arn, service, None):
        raise RoleNotAssumable(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            f"'{service}' to assume the role."
        )


def credentials(role_arn: str, service: str) -> dict[str, str]:
    """Credentials of a role that a service assumes, for botocore's client arguments. Raises RoleNotAssumable.

    The trust policy is checked each time; a session is opened every hour. With CALLER no role is assumed, so no trust
    policy is checked: AWS uses the caller's own session.
    """
    if service != CALLER:
        require_assumable(role_arn, service)
    assumed = AssumedRole(role_arn, service)
    key = (assumed, scope.account(), scope.region())
    with _lock:
        opened, session = _sessions.get(key, (0.0, {}))
        if not session or time.monotonic() - opened > _SESSION_SECONDS:
            opened, session = time.monotonic(), iam.open_session(role_arn, assumed.session_name)
            _sessions[key] = opened, session
        return session


@contextmanager
def acting(role_arn: str, service: str) -> Iterator[None]:
    """Run calls inside the context under a role instead of as the account's administrator."""
    token = _acting.set(AssumedRole(role_arn, service))
    try:
        yield
    finally:
        _acting.reset(token)


def acting_role() -> AssumedRole | None:
    """The role under which the current work runs, if it is not the administrator's."""
    return _acting.get()
