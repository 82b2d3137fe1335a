"""Touches of ministack's IAM, STS and policy evaluation. With base.py, the only place that knows its internals."""

import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlops.localcloud.base import Handler, Response, account, region

logger = logging.getLogger(__name__)

_SESSION_SECONDS = 12 * 3600
# Services whose guides show no aws:SourceAccount for the service role: a trust policy that asks for it trusts nobody.
_WITHOUT_SOURCE_ACCOUNT = {"apigateway.amazonaws.com", "cloudformation.amazonaws.com", "lambda.amazonaws.com"}
_BUCKET_READS = ("s3:GetBucket", "s3:HeadBucket", "s3:ListBucket")


@dataclass(frozen=True)
class Decision:
    """What IAM says to one action of a principal on a resource. `reason` is the end of AWS's sentence."""

    principal_arn: str
    action: str
    resource: str
    allowed: bool
    reason: str = ""

    @property
    def message(self) -> str:
        """AWS's words for a denial."""
        return (
            f"User: {self.principal_arn} is not authorized to perform: {self.action} on resource: {self.resource} "
            f"{self.reason}"
        )


class NotAuthenticated(Exception):
    """The credentials of a request are no good: AWS's code and words."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


def role(arn: str) -> dict | None:
    """The role of this ARN, as ministack stores it."""
    from ministack.services import iam

    if arn.count(":") < 5:
        return None
    found = iam._roles.get_scoped(arn.split(":")[4], None, arn.rpartition("/")[2])
    return found if found and found["Arn"] == arn else None


def is_assumable(arn: str, service: str, source_arn: str | None) -> bool:
    """Whether the role's trust policy lets an AWS service of this account assume it, for example codebuild."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy

    found = role(arn)
    if found is None:
        return False
    document = found["AssumeRolePolicyDocument"]
    document = json.loads(document) if isinstance(document, str) else document
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    # ministack's evaluator knows no services as principals: who is meant is sorted out here, the rest by it.
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
    """Credentials of a role, for botocore's client arguments. Whoever calls has looked at the trust policy."""
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
    """Credentials of an account's root, for the cloud's own work in it."""
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
    """Make an IAM user who may do everything in the cloud's account. Returns access key id and secret access key."""
    from ministack.services import iam

    secret = secrets.token_hex(20)
    iam._create_user({"UserName": name})
    iam._attach_user_policy({"UserName": name, "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})
    iam._create_access_key({"UserName": name})
    [key] = [key for key, record in iam._access_keys.items() if record["UserName"] == name]
    iam._access_keys[key]["SecretAccessKey"] = secret
    return key, secret


def create_role(name: str, trust: dict, policy_arn: str) -> None:
    """Make a role with one managed policy in the account of the current work."""
    from ministack.services import iam

    iam._create_role({"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trust)})
    iam._attach_role_policy({"RoleName": name, "PolicyArn": policy_arn})


def know_no_root_keys() -> None:
    """Have keys that ministack takes for an account's root, whatever they are signed with, be unknown.

    They are `test`, the one of the environment, and every number of 12 digits; and a request without any key, where
    ministack does not decide about anonymous callers.
    """
    from ministack.core import iam_evaluator

    check, enforce = iam_evaluator.check_credentials, iam_evaluator.enforce

    def checked(access_key: str, service: str | None = None) -> Any:
        if not access_key:
            return iam_evaluator.AuthError("MissingAuthenticationToken", "Request is missing Authentication Token")
        return check(access_key, service)

    def enforced(key: str, action: str, service: str, where: str, resource_arn: str = "*", service_context=None) -> Any:
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
    found = iam._roles.get_scoped(session["AccountId"], None, session["Arn"].split("/")[1])
    return found["Arn"] if found else None


def caller(headers: dict[str, str]) -> str | None:
    """The ARN of who signed a request; None when the credentials are nobody's."""
    from ministack.services import sts

    found = sts._caller_identity(headers)
    return found["userArn"] if isinstance(found, dict) else None


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
    _heard(principal, action, resource, decision.allowed)
    return decision


def authenticate_data_plane(method: str, path: bytes, raw_headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Keep a request as it was signed, for `authorise`, where ministack's own dispatch does not see it."""
    from ministack.core import iam_evaluator

    iam_evaluator.pin_signed_request(method, path.decode("latin-1"), {}, raw_headers)
    iam_evaluator.pin_signed_body(body)


def on_decision(listener: Callable[[str, str, str, bool], None]) -> None:
    """Tell `listener` of every decision: principal's ARN, action, resource, whether it is allowed."""
    from ministack.core import iam_evaluator
    from ministack.services import sts

    global _heard
    _heard = listener
    enforce = iam_evaluator.enforce

    def heard(access_key: str, action: str, service: str, where: str, resource_arn: str = "*", service_context=None):
        denied = enforce(access_key, action, service, where, resource_arn, service_context)
        session = sts._sessions.get(access_key)
        if session is not None and not isinstance(denied, iam_evaluator.AuthError):
            listener(session["Arn"], action, resource_arn, denied is None)
        return denied

    iam_evaluator.enforce = heard


def before(service: str, check: Callable[[dict[str, str], bytes, dict], Response | None]) -> None:
    """Run `check(headers, body, query)` before ministack's own handler of a service; its answer stands instead."""
    from ministack import app

    handle: Handler = app.SERVICE_HANDLERS[service]

    async def checked(method: str, path: str, headers: dict, body: bytes, query: dict) -> Response:
        return check(headers, body, query) or await handle(method, path, headers, body, query)

    app.SERVICE_HANDLERS[service] = checked


def after(service: str, see: Callable[[dict[str, str], bytes, Response], None]) -> None:
    """Have `see(headers, body, answer)` look at each answer of ministack's own handler of a service."""
    from ministack import app

    handle: Handler = app.SERVICE_HANDLERS[service]

    async def seen(method: str, path: str, headers: dict, body: bytes, query: dict) -> Response:
        answer = await handle(method, path, headers, body, query)
        see(headers, body, answer)
        return answer

    app.SERVICE_HANDLERS[service] = seen


def around_stack_resources(check: Callable[[str, str, str, dict, str, str, dict], Any]) -> None:
    """Have `check(change, type, stack, properties, physical id, logical id, properties before)` give a context.

    `change` is create, update or delete; what a change replaces is created. An exception of it fails the resource with
    its text as the reason.
    """
    from ministack.services.cloudformation import provisioners, stacks

    create, update, delete = stacks._provision_resource, stacks._update_resource, stacks._delete_resource

    def created(kind: str, logical_id: str, properties: dict, stack: str) -> tuple:
        with check("create", kind, stack, properties, "", logical_id, {}):
            return create(kind, logical_id, properties, stack)

    def updated(kind: str, physical_id: str, old: dict, new: dict, stack: str, *more: Any) -> tuple:
        if old == new:
            return update(kind, physical_id, old, new, stack, *more)
        logical_id = more[0] if more else ""
        if provisioners._replacing_change(kind, old, new):
            change, identified = "create", ""
        else:
            change, identified = "update", physical_id
        with check(change, kind, stack, new, identified, logical_id, old):
            return update(kind, physical_id, old, new, stack, *more)

    def deleted(kind: str, physical_id: str, properties: dict, *more: Any, **named: Any) -> None:
        stack = named.get("stack_name") or (more[0] if more else "")
        with check("delete", kind, stack, properties, physical_id, "", {}):
            return delete(kind, physical_id, properties, *more, **named)

    stacks._provision_resource, stacks._update_resource, stacks._delete_resource = created, updated, deleted


def stack_tags(stack: str) -> dict[str, str]:
    """The tags of a stack."""
    from ministack.services.cloudformation import _stacks

    return {each["Key"]: each["Value"] for each in (_stacks.get(stack) or {}).get("Tags") or []}


def around_state_machine_targets(check: Callable[[str, str], None]) -> None:
    """Have `check(role ARN, state machine ARN)` look at each start of a state machine by an EventBridge rule."""
    from ministack.services import eventbridge

    start = eventbridge._dispatch_to_stepfunctions

    def started(arn: str, payload: str) -> None:
        for rule_targets in eventbridge._targets.values():
            for target in rule_targets:
                if target.get("Arn") == arn:
                    check(target.get("RoleArn", ""), arn)
        start(arn, payload)

    eventbridge._dispatch_to_stepfunctions = started


def around_integrations(check: Callable[[str, str], None]) -> None:
    """Have `check(role ARN, function ARN)` look at each call of a function by API Gateway under an integration's role.

    An exception of it is answered with 500, as API Gateway answers what is wrong with its own configuration.
    """
    from ministack.services import apigateway_v1

    invoke = apigateway_v1._invoke_lambda_proxy_v1

    async def invoked(integration: dict, *args: Any, **named: Any) -> Response:
        if role_arn := integration.get("credentials"):
            function = apigateway_v1._extract_lambda_ref_from_integration_uri(integration.get("uri", ""))
            try:
                check(role_arn, function)
            except Exception as error:
                logger.warning("API Gateway cannot call %s: %s", function, error)
                return apigateway_v1._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
        return await invoke(integration, *args, **named)

    apigateway_v1._invoke_lambda_proxy_v1 = invoked


def oidc_provider(owner: str, host: str) -> dict | None:
    """The OIDC provider of an account for an issuer without its scheme, as ministack stores it."""
    from ministack.services import iam

    return iam._oidc_providers.get_scoped(owner, None, f"arn:aws:iam::{owner}:oidc-provider/{host}")


def name_web_identities(name: Callable[[str, str, str], tuple[str, dict[str, Any]]]) -> None:
    """Have `name(token, provider id, role ARN)` give the provider of a token and its condition keys."""
    from ministack.services import sts

    sts._web_identity_principal = name


def take_loopback_for_tls() -> None:
    """Count each request as encrypted in transport: policies ask for that, and nothing here leaves the machine."""
    from ministack import app
    from ministack.core import iam_evaluator

    pin = iam_evaluator.pin_request_origin
    app.pin_request_origin = lambda source_ip, secure_transport: pin(source_ip, True)


def tell_conditional_writes() -> None:
    """Have policies see whether a write to S3 is conditional, which ministack's context leaves out."""
    from ministack.core import iam_actions

    context_of = iam_actions.s3_service_context

    def context(action: str, query: dict | None, path: str = "", headers: dict | None = None) -> dict[str, Any]:
        sent = {name.lower(): value for name, value in (headers or {}).items()} if action == "s3:PutObject" else {}
        conditions = {f"s3:{name}": sent[name] for name in ("if-match", "if-none-match") if name in sent}
        return {**context_of(action, query, path, headers), **conditions}

    iam_actions.s3_service_context = context


def name_actions_and_resources() -> None:
    """Have requests checked as the action that they are, on the resource that they name, where ministack errs."""
    from ministack.core import iam_actions

    arn_of, lambda_action = iam_actions.extract_resource_arn, iam_actions._lambda_action

    def action(method: str, path: str) -> str | None:
        # …/functions/NAME/aliases/NAME
        if path.partition("/aliases/")[2]:
            return {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}.get(method)
        return lambda_action(method, path)

    def named(
        service: str, method: str, path: str, headers: dict, body: bytes, query: dict, where: str, owner: str
    ) -> str:
        arn = arn_of(service, method, path, headers, body, query, where, owner)
        if arn == "*" and service == "ecr" and b"repositoryNames" in body:
            (name, *_) = json.loads(body)["repositoryNames"]
            return f"arn:aws:ecr:{where}:{owner}:repository/{name}"
        if service == "logs" and b"logStreamName" in body and (stream := json.loads(body).get("logStreamName")):
            return f"{arn}:log-stream:{stream}"
        return arn

    iam_actions.extract_resource_arn, iam_actions._lambda_action = named, action


def name_roles_of_stacks() -> None:
    """Have conditions on cloudformation:RoleArn see the role that a request gives to a stack."""
    from urllib.parse import parse_qs

    from ministack.core import iam_actions

    keys_of = iam_actions.request_tag_context

    def keys(service: str, action: str, body: bytes, query: dict) -> dict:
        found = keys_of(service, action, body, query)
        if service == "cloudformation":
            given = {**parse_qs(body.decode("utf-8", "replace")), **(query or {})}
            found = {**found, **({"cloudformation:RoleArn": given["RoleARN"][0]} if given.get("RoleARN") else {})}
        return found

    iam_actions.request_tag_context = keys


def _nobody(principal_arn: str, action: str, resource: str, allowed: bool) -> None:
    """Before `on_decision` has named a listener."""


_heard: Callable[[str, str, str, bool], None] = _nobody


def _names(principal: Any, service: str) -> bool:
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    return service in (services if isinstance(services, list) else [services])


def _reason(result: Any, action: str, bounded: bool = False) -> str:
    if result.decision == "Deny":
        return "with an explicit deny in an identity-based policy"
    policy = "permissions boundary" if bounded else "identity-based policy"
    return f"because no {policy} allows the {action} action"
