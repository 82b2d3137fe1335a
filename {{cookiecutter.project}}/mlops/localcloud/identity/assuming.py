"""STS AssumeRole: a role that does not exist is denied in AWS's words, which name the caller."""

from urllib.parse import parse_qs

from mlops.localcloud import base_iam
from mlops.localcloud.base import Response
from mlops.localcloud.identity.web import Refused, refusal


def install() -> None:
    """Look at each such request before ministack's STS does."""
    base_iam.before("sts", _check)


def _check(headers: dict[str, str], body: bytes, query: dict) -> Response | None:
    request = {key: value[0] for key, value in {**query, **parse_qs(body.decode("utf-8", "replace"))}.items()}
    if request.get("Action") != "AssumeRole" or not request.get("RoleArn"):
        return None
    caller, role_arn = base_iam.caller(headers), request["RoleArn"]
    if caller is not None and base_iam.role(role_arn) is None:
        message = f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        return refusal(Refused("AccessDenied", message, 403))
    return None
