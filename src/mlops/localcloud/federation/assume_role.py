"""STS AssumeRole: a role that does not exist is denied with AWS's message, which names the caller."""

from mlops.localcloud.federation.web_identity import Refused, refusal
from mlops.localcloud.ministack import hooks, iam
from mlops.localcloud.protocol import Response, form_parameters


def install() -> None:
    """Check each such request before ministack's STS handles it."""
    hooks.before("sts", _check)


def _check(headers: dict[str, str], body: bytes, query: dict) -> Response | None:
    request = form_parameters(body, query)
    if request.get("Action") != "AssumeRole" or not request.get("RoleArn"):
        return None
    caller, role_arn = iam.caller(headers), request["RoleArn"]
    if caller is not None and iam.role(role_arn) is None:
        message = f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        return refusal(Refused("AccessDenied", message, 403))
    return None
