"""ministack's roles, sessions and policy evaluation."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlops.localcloud.ministack.scope import account, region

_SESSION_SECONDS = 12 * 3600
# Services whose guides show no aws:SourceAccount for the service role: a trust policy with that
# condition lets no service assume the role.
_WITHOUT_SOURCE_ACCOUNT = {"apigateway.amazonaws.com", "cloudformation.amazonaws.com", "lambda.amazonaws.com"}
_BUCKET_READS = ("s3:GetBucket", "s3:HeadBucket", "s3:ListBucket")


@dataclass(frozen=True)
class Decision:
    """IAM's decision about an action of a principal on a resource. `reason` is the end of AWS's message."""

    principal_arn: str
    action: str
    resource: str
    allowed: bool
    reason: str = ""

    @property
    def message(self) -> str:
        """AWS's message of a denial."""
        return (
            f"User: {self.principal_arn} is not authorized to perform: {self.action} on resource: {self.resource} "
            f"{self.reason}"
        )


class NotAuthenticated(Exception):
    """The credentials of a request are missing or invalid, with AWS's code and message."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


def role(arn: str) -> dict | None:
    """The role of this ARN, as ministack stores it."""
    from ministack.services import iam

    if arn.count(":") < 5:
        return None
    role = iam._roles.get_scoped(arn.split(":")[4], None, arn.rpartition("/")[2])
    return role if role and role["Arn"] == arn else None


def is_assumable(arn: str, service: str, source_arn: str | None) -> bool:
    """Whether the role's trust policy lets an AWS service of this account assume it, for example codebuild."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy

    assumed = role(arn)
    if assumed is None:
        return False
    document = assumed["AssumeRolePolicyDocument"]
    document = json.loads(document) if isinstance(document, str) else document
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    # ministack's evaluator supports no service principals: filter statements by principal; it evaluates the rest.
    for_service = [{**each, "Principal": "*"} for each in statements if _names(each.get("Principal"), service)]
    keys = {"aws:sourcearn": source_arn} if source_arn else {}
    if service not in _WITHOUT_SOURCE_ACCOUNT:
        keys["aws:sourceaccount"] = account()
    context = EvalContext(
        principal_arn=service,
        principal_type="AWSService",
        principal_account=account(),
        action="sts:AssumeRole",
        resource_arn=arn,
        region=region(),
        service_context=keys,
    )
    return evaluate_trust_policy({"Statement": for_service}, service, context)


def open_session(role_arn: str, session_name: str) -> dict[str, str]:
    """Credentials of a role, as arguments of botocore's clients. The caller must have checked the trust policy."""
    from ministack.services import iam, sts

    arn, refusal = sts._assumed_role_arn(role_arn, session_name)
    assert refusal is None, role_arn
    key, secret, token = iam._gen_session_access_key(), iam._gen_secret(), iam._gen_session_token()
    session = {
        "Arn": arn,
        "UserId": f"{sts._role_id(role_arn)}:{session_name}",
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": time.time() + _SESSION_SECONDS,
        "AccountId": role_arn.split(":")[4],
        "PrincipalType": "AssumedRole",
    }
    sts.register_session(key, session)
    return {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}


def open_root_session(account_id: str) -> dict[str, str]:
    """Credentials of an account's root, for calls that the cloud itself makes."""
    from ministack.services import iam, sts

    key, secret, token = iam._gen_session_access_key(), iam._gen_secret(), iam._gen_session_token()
    session = {
        "Arn": f"arn:aws:iam::{account_id}:root",
        "UserId": account_id,
        "SecretAccessKey": secret,
        "SessionToken": token,
        "AccountId": account_id,
        "PrincipalType": "Root",
    }
    sts.register_session(key, session)
    return {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}


def create_administrator(name: str) -> tuple[str, str]:
    """Create an IAM user with all permissions in the cloud's account. Returns access key id and secret access key."""
    from ministack.services import iam

    secret = secrets.token_hex(20)
    iam._create_user({"UserName": name})
    iam._attach_user_policy({"UserName": name, "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})
    iam._create_access_key({"UserName": name})
    [key] = [key for key, record in iam._access_keys.items() if record["UserName"] == name]
    iam._access_keys[key]["SecretAccessKey"] = secret
    return key, secret


def create_role(name: str, trust: dict, policy_arn: str) -> None:
    """Create a role with one managed policy in the account of the current request."""
    from ministack.services import iam

    iam._create_role({"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trust)})
    iam._attach_role_policy({"RoleName": name, "PolicyArn": policy_arn})


def refuse_root_keys() -> None:
    """Refuse the access keys that ministack accepts as an account's root without a signature check.

    They are `test`, the key of the environment, and every number of 12 digits. Requests without a key are refused, except
    to S3, whose bucket policies may admit anonymous callers.
    """
    from ministack.core import iam_evaluator

    check, enforce = iam_evaluator.check_credentials, iam_evaluator.enforce

    def checked(access_key: str, service: str | None = None) -> Any:
        if not access_key:
            return iam_evaluator.AuthError("MissingAuthenticationToken", "Request is missing Authentication Token")
        return check(access_key, service)

    def enforced(
        key: str, action: str, service: str, where: str, resource_arn: str = "*", service_context: Any = None
    ) -> Any:
        # Objects, and the reading of a bucket, may be open to everyone by the bucket's policy.
        if not key and service == "s3" and "/" not in resource_arn and not action.startswith(_BUCKET_READS):
            return iam_evaluator.AuthError("AccessDenied", "Access Denied")
        return enforce(key, action, service, where, resource_arn, service_context)

    iam_evaluator.is_root_access_key = lambda key: not key
    iam_evaluator.check_credentials, iam_evaluator.enforce = checked, enforced


def session_role(access_key: str) -> str | None:
    """The ARN of the role behind an access key, or None for keys of other kinds."""
    from ministack.services import iam, sts

    session = sts._sessions.get(access_key)
    if not session or ":assumed-role/" not in session["Arn"]:
        return None
    # The path of a role is not in the ARN of its sessions.
    record = iam._roles.get_scoped(session["AccountId"], None, session["Arn"].split("/")[1])
    return record["Arn"] if record else None


def caller(headers: dict[str, str]) -> str | None:
    """The ARN of the principal that signed a request; None for unknown credentials."""
    from ministack.services import sts

    identity = sts._caller_identity(headers)
    return identity["userArn"] if isinstance(identity, dict) else None


def authorise(headers: dict[str, str], service: str, action: str, resource: str, keys: dict[str, Any]) -> Decision:
    """Check the request's signature, once, and its principal's policies. Raises NotAuthenticated."""
    from ministack.core import iam_evaluator
    from ministack.core.router import extract_access_key_id

    denied = iam_evaluator.enforce(extract_access_key_id(headers), action, service, region(), resource, keys)
    if isinstance(denied, iam_evaluator.AuthError):
        raise NotAuthenticated(denied.code, denied.message)
    if denied is None:
        return Decision("", action, resource, True)
    return Decision(denied.principal_arn, action, resource, False, _reason(denied, action))


def authorise_role(role_arn: str, session_name: str, action: str, resource: str, keys: dict[str, Any]) -> Decision:
    """What a role may do, outside any request."""
    from ministack.core import iam_evaluator
    from ministack.services import iam

    name, owner = role_arn.rpartition("/")[2], role_arn.split(":")[4]
    principal = f"arn:aws:sts::{owner}:assumed-role/{name}/{session_name}"
    context = iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=owner,
        action=action,
        resource_arn=resource,
        region=region(),
        service_context={key.lower(): value for key, value in {"aws:TagKeys": None, **keys}.items()},
    )
    limits = iam_evaluator._permissions_boundary(iam._roles, name, owner)
    policies = iam_evaluator._gather_role_policies(name, owner)
    result = iam_evaluator.evaluate(context, policies, *limits)
    if result.decision == "Allow":
        decision = Decision(principal, action, resource, True)
    else:
        bounded = iam_evaluator.evaluate(context, policies).decision == "Allow"
        decision = Decision(principal, action, resource, False, _reason(result, action, bounded))
    _on_decision(principal, action, resource, decision.allowed)
    return decision


def authenticate_data_plane(method: str, path: bytes, raw_headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Keep a request as it was signed, for `authorise`, when it bypasses ministack's dispatch."""
    from ministack.core import iam_evaluator

    iam_evaluator.pin_signed_request(method, path.decode("latin-1"), {}, raw_headers)
    iam_evaluator.pin_signed_body(body)


def on_decision(listener: Callable[[str, str, str, bool], None]) -> None:
    """Call `listener` with every decision: the principal's ARN, action, resource, whether it is allowed."""
    from ministack.core import iam_evaluator
    from ministack.services import sts

    global _on_decision
    _on_decision = listener
    enforce = iam_evaluator.enforce

    def enforced_and_reported(
        access_key: str, action: str, service: str, where: str, resource_arn: str = "*", service_context: Any = None
    ) -> Any:
        denied = enforce(access_key, action, service, where, resource_arn, service_context)
        session = sts._sessions.get(access_key)
        if session is not None and not isinstance(denied, iam_evaluator.AuthError):
            listener(session["Arn"], action, resource_arn, denied is None)
        return denied

    iam_evaluator.enforce = enforced_and_reported


def stack_tags(stack: str) -> dict[str, str]:
    """The tags of a stack."""
    from ministack.services.cloudformation import _stacks

    return {each["Key"]: each["Value"] for each in (_stacks.get(stack) or {}).get("Tags") or []}


def oidc_provider(owner: str, host: str) -> dict | None:
    """The OIDC provider of an account for an issuer without its scheme, as ministack stores it."""
    from ministack.services import iam

    return iam._oidc_providers.get_scoped(owner, None, f"arn:aws:iam::{owner}:oidc-provider/{host}")


def verify_web_identities(verify: Callable[[str, str, str], tuple[str, dict[str, Any]]]) -> None:
    """Let `verify(token, provider id, role ARN)` return the provider of a token and its condition keys."""
    from ministack.services import sts

    sts._web_identity_principal = verify


def _ignore(principal_arn: str, action: str, resource: str, allowed: bool) -> None:
    """The listener until `on_decision` sets one."""


_on_decision: Callable[[str, str, str, bool], None] = _ignore


def _names(principal: Any, service: str) -> bool:
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    return service in (services if isinstance(services, list) else [services])


def _reason(result: Any, action: str, bounded: bool = False) -> str:
    if result.decision == "Deny":
        return "with an explicit deny in an identity-based policy"
    policy = "permissions boundary" if bounded else "identity-based policy"
    return f"because no {policy} allows the {action} action"
