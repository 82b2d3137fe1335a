"""Credentials of a role for a process, handed out over HTTP: its environment has where to ask, and no credential.

So do CodeBuild and SageMaker. Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
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
# SDKs ask again before that.
_VALID = timedelta(hours=1)
_CONTENT = {"Content-Type": "application/json"}

# Role, service, account and region by the end of the path, and the other way round.
_Asker = tuple[str, str, str, str]
_askers: dict[str, _Asker] = {}
_names: dict[_Asker, str] = {}
_lock = threading.Lock()


def path_of(role_arn: str, service: str) -> str:
    """Where a process asks for credentials of a role that a service assumes; nobody can guess it.

    Raises RoleNotAssumable.
    """
    roles.require_assumable(role_arn, service)
    asker = (role_arn, service, scope.account(), scope.region())
    with _lock:
        name = _names.setdefault(asker, secrets.token_urlsafe(24))
        _askers[name] = asker
        return f"{PREFIX}{name}"


def issue(path: str) -> Response:
    """Answer an SDK."""
    asker = _askers.get(path.removeprefix(PREFIX))
    if asker is None:
        return _refusal(404, "NotFound", "No credentials are handed out here")
    try:
        credentials = contextvars.copy_context().run(_within, *asker)
    except roles.RoleNotAssumable as error:
        return _refusal(403, "AccessDenied", str(error))
    told = {
        "RoleArn": asker[0],
        "AccessKeyId": credentials["aws_access_key_id"],
        "SecretAccessKey": credentials["aws_secret_access_key"],
        "Token": credentials["aws_session_token"],
        "Expiration": (datetime.now(UTC) + _VALID).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return 200, _CONTENT, json.dumps(told).encode()


def _within(role_arn: str, service: str, account: str, region: str) -> dict[str, str]:
    scope.set_scope(account, region)
    return roles.credentials(role_arn, service)


def _refusal(status: int, code: str, message: str) -> Response:
    return status, _CONTENT, json.dumps({"code": code, "message": message}).encode()
