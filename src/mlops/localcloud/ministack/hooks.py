"""Hooks around calls inside ministack: request handlers, changes of stacks, calls between its services."""

import logging
from collections.abc import Callable
from typing import Any

from mlops.localcloud.protocol import Handler, Response

logger = logging.getLogger(__name__)


def before(service: str, check: Callable[[dict[str, str], bytes, dict], Response | None]) -> None:
    """Run `check(headers, body, query)` before ministack's handler of a service. A response of the check is sent instead."""
    from ministack import app

    handle: Handler = app.SERVICE_HANDLERS[service]

    async def checked(method: str, path: str, headers: dict, body: bytes, query: dict) -> Response:
        return check(headers, body, query) or await handle(method, path, headers, body, query)

    app.SERVICE_HANDLERS[service] = checked


def after(service: str, on_response: Callable[[dict[str, str], bytes, Response], None]) -> None:
    """Call `on_response(headers, body, response)` after ministack's handler of a service."""
    from ministack import app

    handle: Handler = app.SERVICE_HANDLERS[service]

    async def seen(method: str, path: str, headers: dict, body: bytes, query: dict) -> Response:
        answer = await handle(method, path, headers, body, query)
        on_response(headers, body, answer)
        return answer

    app.SERVICE_HANDLERS[service] = seen


def around_stack_resources(check: Callable[[str, str, str, dict, str, str, dict], Any]) -> None:
    """Change each resource of a stack inside the context manager that `check` returns.

    Its arguments: change, type, stack, properties, physical id, logical id, previous properties.

    `change` is create, update or delete; a replacement counts as create. An exception of the check fails the resource
    with its text as the reason.
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


def around_state_machine_targets(check: Callable[[str, str], None]) -> None:
    """Run `check(role ARN, state machine ARN)` before an EventBridge rule starts a state machine."""
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
    """Run `check(role ARN, function ARN)` before API Gateway calls a function under an integration's role.

    An exception of the check is answered with 500, as API Gateway answers faults of its configuration.
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
