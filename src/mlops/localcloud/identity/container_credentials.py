"""Credentials of a role for a process, issued over HTTP: the process's environment has a URL, not the credentials.

In AWS, CodeBuild and SageMaker pass credentials in this way too. Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
"""

import contextvars
import json
import secrets
import threading
from datetime import UTC, datetime, timedelta

from mlops.localcloud.identity import roles
from mlops.localcloud.ministack import scope
from mlops.localcloud.protocol import Response

PREFIX = "/_localcloud/credentials/"
# SDKs renew credentials before they expire.
_VALID = timedelta(hours=1)
_CONTENT = {"Content-Type": "application/json"}

# Role, service, account and region by the last part of the path, and the reverse.
_Grant = tuple[str, str, str, str]
_grants: dict[str, _Grant] = {}
_names: dict[_Grant, str] = {}
_lock = threading.Lock()


def path_of(role_arn: str, service: str) -> str:
    """The secret path at which a process gets credentials of a role that a service assumes.

    Raises RoleNotAssumable.
    """
    roles.require_assumable(role_arn, service)
    grant = (role_arn, service, scope.account(), scope.region())
    with _lock:
        name = _names.setdefault(grant, secrets.token_urlsafe(24))
        _grants[name] = grant
        return f"{PREFIX}{name}"


def issue(path: str) -> Response:
    """Respond to an SDK."""
    grant = _grants.get(path.removeprefix(PREFIX))
    if grant is None:
        return _refusal(404, "NotFound", "This path issues no credentials")
    try:
        credentials = contextvars.copy_context().run(_within, *grant)
    except roles.RoleNotAssumable as error:
        return _refusal(403, "AccessDenied", str(error))
    body = {
        "RoleArn": grant[0],
        "AccessKeyId": credentials["aws_access_key_id"],
        "SecretAccessKey": credentials["aws_secret_access_key"],
        "Token": credentials["aws_session_token"],
        "Expiration": (datetime.now(UTC) + _VALID).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return 200, _CONTENT, json.dumps(body).encode()


def _within(role_arn: str, service: str, account: str, region: str) -> dict[str, str]:
    scope.set_scope(account, region)
    return roles.credentials(role_arn, service)


def _refusal(status: int, code: str, message: str) -> Response:
    return status, _CONTENT, json.dumps({"code": code, "message": message}).encode()
