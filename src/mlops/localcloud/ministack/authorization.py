"""The action, the resource and the condition keys by which ministack's IAM judges a request, where it errs."""

import json
from typing import Any

from mlops.localcloud.protocol import form_parameters


def take_loopback_for_tls() -> None:
    """Count each request as encrypted in transport: policies ask for that, and nothing here leaves the machine."""
    from ministack import app
    from ministack.core import iam_evaluator

    pin = iam_evaluator.pin_request_origin
    app.pin_request_origin = lambda source_ip, secure_transport: pin(source_ip, True)


def name_conditional_writes() -> None:
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
    from ministack.core import iam_actions

    keys_of = iam_actions.request_tag_context

    def keys(service: str, action: str, body: bytes, query: dict) -> dict:
        found = keys_of(service, action, body, query)
        if service == "cloudformation":
            role_arn = form_parameters(body, query or {}).get("RoleARN")
            found = {**found, **({"cloudformation:RoleArn": role_arn} if role_arn else {})}
        return found

    iam_actions.request_tag_context = keys
