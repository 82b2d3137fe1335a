"""STS AssumeRole: a role that does not exist is denied in AWS's words, which name the caller."""

from mlops.localcloud import base_hooks, base_iam
from mlops.localcloud.base import Response, form_parameters
from mlops.localcloud.identity.web import Refused, refusal


def install() -> None:
    """Check each such request before ministack's STS handles it."""
    base_hooks.before("sts", _check)


def _check(headers: dict[str, str], body: bytes, query: dict) -> Response | None:
    request = form_parameters(body, query)
    if request.get("Action") != "AssumeRole" or not request.get("RoleArn"):
        return None
    caller, role_arn = base_iam.caller(headers), request["RoleArn"]
    if caller is not None and base_iam.role(role_arn) is None:
        message = f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        return refusal(Refused("AccessDenied", message, 403))
    return None
