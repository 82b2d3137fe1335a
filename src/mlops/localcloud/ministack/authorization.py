"""Corrects the action, resource and condition keys by which ministack's IAM authorises a request."""

import gzip
import json
from typing import Any

from mlops.localcloud.protocol import form_parameters


def treat_loopback_as_tls() -> None:
    """Treat each request as sent over TLS: policies require it, and no traffic leaves the machine."""
    from ministack import app
    from ministack.core import iam_evaluator

    pin = iam_evaluator.pin_request_origin
    app.pin_request_origin = lambda source_ip, secure_transport: pin(source_ip, True)


def add_conditional_write_keys() -> None:
    """Add s3:if-match and s3:if-none-match to the condition keys of a write to S3."""
    from ministack.core import iam_actions

    context_of = iam_actions.s3_service_context

    def context(action: str, query: dict | None, path: str = "", headers: dict | None = None) -> dict[str, Any]:
        sent = {name.lower(): value for name, value in (headers or {}).items()} if action == "s3:PutObject" else {}
        conditions = {f"s3:{name}": sent[name] for name in ("if-match", "if-none-match") if name in sent}
        return {**context_of(action, query, path, headers), **conditions}

    iam_actions.s3_service_context = context


def correct_actions_and_resources() -> None:
    """Correct the actions of requests for Lambda aliases and the resources of requests to ECR and CloudWatch Logs."""
    from ministack.core import iam_actions

    arn_of, lambda_action = iam_actions.extract_resource_arn, iam_actions._lambda_action

    def action(method: str, path: str) -> str | None:
        # …/functions/NAME/aliases/NAME
        if path.partition("/aliases/")[2]:
            return {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}.get(method)
        return lambda_action(method, path)

    def resource_arn(
        service: str, method: str, path: str, headers: dict, body: bytes, query: dict, region: str, account: str
    ) -> str:
        arn = arn_of(service, method, path, headers, body, query, region, account)
        if arn == "*" and service == "ecr" and b"repositoryNames" in body:
            (name, *_) = json.loads(body)["repositoryNames"]
            return f"arn:aws:ecr:{region}:{account}:repository/{name}"
        if service == "logs" and b"logStreamName" in body and (stream := json.loads(body).get("logStreamName")):
            return f"{arn}:log-stream:{stream}"
        return arn

    iam_actions.extract_resource_arn, iam_actions._lambda_action = resource_arn, action


def add_request_keys() -> None:
    """Add cloudformation:RoleArn, the role that a request passes to a stack, and cloudwatch:namespace to the keys."""
    from ministack.core import iam_actions

    keys_of = iam_actions.request_tag_context

    def keys(service: str, action: str, body: bytes, query: dict) -> dict:
        condition_keys = keys_of(service, action, body, query)
        if service == "cloudformation":
            role_arn = form_parameters(body, query or {}).get("RoleARN")
            condition_keys = {**condition_keys, **({"cloudformation:RoleArn": role_arn} if role_arn else {})}
        if action == "cloudwatch:PutMetricData":
            namespace = _namespace(body, query)
            condition_keys = {**condition_keys, **({"cloudwatch:namespace": namespace} if namespace else {})}
        return condition_keys

    iam_actions.request_tag_context = keys


def _namespace(body: bytes, query: dict) -> str | None:
    """The namespace of PutMetricData in the protocols JSON, which clients compress when it is long, and query."""
    text = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    return (
        json.loads(text).get("Namespace")
        if text.startswith(b"{")
        else form_parameters(text, query or {}).get("Namespace")
    )
