"""Aliases of ministack's Lambda functions: weights, updates by CodeDeploy, invocations in flight."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mlops.localcloud.ministack import resource_types

# The function and the alias that the current request has called.
called_alias: ContextVar[tuple[str, str] | None] = ContextVar("called_alias", default=None)
_POLL_SECONDS = 0.1
# Invocations in flight of each (function, version) that an alias has routed them to, and those of the current request.
_in_flight: Counter[tuple[str, str]] = Counter()
_in_flight_lock = threading.Lock()
_routed: ContextVar[list[tuple[str, str]] | None] = ContextVar("routed", default=None)


def route_by_alias_weight() -> None:
    """Route an invocation of an alias to one of its versions by the weights of its RoutingConfig."""
    from ministack.services import apigateway_v1, lambda_svc

    invoke, record_of = lambda_svc._invoke, lambda_svc._get_func_record_for_ref_in_scope
    call = apigateway_v1._call_lambda_raw

    async def invoked(
        name: str, event: Any, headers: dict, path_qualifier: str | None = None, query_params: dict | None = None
    ) -> Any:
        qualifier = path_qualifier or (lambda_svc._qp_first(query_params or {}, "Qualifier") or None)
        with _invocation():
            version = _version(lambda_svc._functions.get(name), name, qualifier)
            return await invoke(name, event, headers, version or path_qualifier, query_params)

    def recorded(function_ref: str, **scope: Any) -> tuple[dict | None, dict | None, str]:
        name, qualifier = lambda_svc._lambda_function_name_and_qualifier_from_arn(function_ref)
        function, _, _ = record_of(function_ref.removesuffix(f":{qualifier}"), **scope) if qualifier else (None,) * 3
        version = _version(function, name, qualifier)
        if version is None:
            return record_of(function_ref, **scope)
        record, config, name = record_of(f"{function_ref.removesuffix(f':{qualifier}')}:{version}", **scope)
        # The function's context has the ARN that was called.
        return record, {**config, "FunctionArn": function_ref} if config else None, name

    async def called(function_ref: str, event: Any, **scope: Any) -> tuple[dict | None, str | None]:
        with _invocation():
            return await call(function_ref, event, **scope)

    lambda_svc._invoke, lambda_svc._get_func_record_for_ref_in_scope = invoked, recorded
    apigateway_v1._call_lambda_raw = called


def around_alias_updates(shift: Callable[[dict, str, str, str], None]) -> None:
    """Shift an alias to another version by `shift(policy, function, old version, new version)`.

    It is called where a template's alias has the UpdatePolicy CodeDeployLambdaAliasUpdate, on a separate thread,
    before ministack's own update; not when an update is rolled back.
    """
    from ministack.services.cloudformation import provisioners, stacks

    handler = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Alias"]
    update = handler["update"]

    def updated(physical_id: str, old: dict, new: dict, stack_name: str, logical_id: str | None = None) -> tuple:
        policy = update_policy(stack_name, logical_id)
        if policy and old.get("FunctionVersion") != new.get("FunctionVersion"):
            shift(policy, physical_id, old["FunctionVersion"], new["FunctionVersion"])
        return update(physical_id, old, new, stack_name, logical_id)

    order = stacks._topological_sort

    def ordered(resources: dict, conditions: dict) -> list:
        """Sort resources by their dependencies, those in update policies included."""
        named = {
            name: {
                **each,
                "DependsOn": [*_listed(each.get("DependsOn")), *_references(each["UpdatePolicy"], resources)],
            }
            if isinstance(each, dict) and each.get("UpdatePolicy")
            else each
            for name, each in resources.items()
        }
        return order(named, conditions)

    handler["update"] = updated
    stacks._topological_sort = ordered
    resource_types.run_on_worker_thread("AWS::Lambda::Alias")


def update_policy(stack_name: str, logical_id: str | None) -> dict | None:
    """CodeDeployLambdaAliasUpdate of the template that is being deployed, with its references resolved."""
    from ministack.services.cloudformation import _stacks
    from ministack.services.cloudformation.engine import _parse_template, _resolve_refs

    stack = _stacks[stack_name]
    if "ROLLBACK" in stack["StackStatus"]:
        return None
    template = _parse_template(stack["_template_body"])
    definition = template.get("Resources", {}).get(logical_id, {})
    policy = (definition.get("UpdatePolicy") or {}).get("CodeDeployLambdaAliasUpdate")
    if policy is None:
        return None
    parameters = {
        each["ParameterKey"]: {"Value": each["ParameterValue"], "NoEcho": False} for each in stack["Parameters"]
    }
    return _resolve_refs(
        policy,
        stack["_resources"],
        parameters,
        stack.get("_conditions", {}),
        template.get("Mappings", {}),
        stack_name,
        stack["StackId"],
    )


def await_invocations(function: str, version: str) -> None:
    """Wait until a version has no invocations in flight, at most for the function's timeout.

    An invocation is in flight from the moment that its alias routes it to the version: a busy machine may need seconds
    from there to a worker.
    """
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    config = lambda_svc._functions[function]["versions"][version]["config"]
    key = lambda_runtime._worker_key(function, config, version)

    def busy() -> bool:
        with _in_flight_lock:
            routed = _in_flight[function, version] > 0
        return routed or any(worker.in_use for worker in lambda_runtime._workers.get(key, []))

    deadline = time.monotonic() + config["Timeout"]
    while busy() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


@contextmanager
def _invocation() -> Iterator[None]:
    """Count the versions that aliases route to in this context as in flight until it ends."""
    routed: list[tuple[str, str]] = []
    token = _routed.set(routed)
    try:
        yield
    finally:
        _routed.reset(token)
        with _in_flight_lock:
            _in_flight.subtract(routed)


def _version(function: dict | None, name: str, qualifier: str | None) -> str | None:
    """The version that an alias routes this invocation to; None when the qualifier is not an alias."""
    alias = (function or {}).get("aliases", {}).get(qualifier)
    if alias is None:
        return None
    called_alias.set((name, str(qualifier)))
    # Under the lock, so that `await_invocations`, which runs after the alias has changed, sees each earlier draw.
    with _in_flight_lock:
        version = _drawn(alias)
        if (routed := _routed.get()) is not None:
            routed.append((name, version))
            _in_flight[name, version] += 1
    return version


def _drawn(alias: dict) -> str:
    """One of the alias's versions, at random by their weights."""
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    drawn = random.random()
    for version, weight in weights.items():
        drawn -= weight
        if drawn < 0:
            return version
    return alias["FunctionVersion"]


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [value] if value else []


def _references(value: Any, resources: dict) -> list[str]:
    """The resources that a part of a template refers to."""
    if isinstance(value, dict):
        own = [value["Ref"]] if value.get("Ref") in resources else []
        return own + [name for item in value.values() for name in _references(item, resources)]
    return [name for item in value for name in _references(item, resources)] if isinstance(value, list) else []
