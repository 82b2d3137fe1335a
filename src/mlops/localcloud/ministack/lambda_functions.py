"""ministack's Lambda: weighted aliases, types of errors, draining of workers, metrics, updates of aliases."""

import random
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

from mlops.localcloud.ministack import resource_types

CODE_URL_PREFIX = "/_ministack/lambda-code/"
# The signature in the URLs that GetFunction returns for a function's code.
_code_signature = secrets.token_hex(32)

# The function and the alias that the current request has called.
_called: ContextVar[tuple[str, str] | None] = ContextVar("called_alias", default=None)
_trace: ContextVar[str] = ContextVar("function_trace", default="")
_DISPATCH_SECONDS = 0.1
# Whether workers are being ended because their function was changed or deleted.
_function_changed: ContextVar[bool] = ContextVar("function_changed", default=False)
# The line of a Python traceback that names the exception follows the last indented one.
_EXCEPTION = re.compile(r"^(?P<type>[\w.]+)(?::|$)", re.MULTILINE)

# Source: AWS Lambda Developer Guide, "Log and monitor Python Lambda functions".
_ROOT_LOGGER = """
import logging as _logging, sys as _sys, time as _time

class _OfInvocation(_logging.Filter):
    request_id = ""

    def filter(self, record):
        record.aws_request_id = self.request_id
        return True

_of_invocation = _OfInvocation()
_written = _logging.StreamHandler(_sys.stderr)
_written.addFilter(_of_invocation)
_written.setFormatter(_logging.Formatter(
    "[%(levelname)s]\\t%(asctime)s.%(msecs)03dZ\\t%(aws_request_id)s\\t%(message)s", "%Y-%m-%dT%H:%M:%S"))
_written.formatter.converter = _time.gmtime
_logging.getLogger().addHandler(_written)
"""

Metric = Callable[[dict[str, str], dict[str, tuple[str, float]]], None]


def route_by_alias_weight() -> None:
    """Route an invocation of an alias to one of its versions by the weights of its RoutingConfig."""
    from ministack.services import lambda_svc

    invoke, record_of = lambda_svc._invoke, lambda_svc._get_func_record_for_ref_in_scope

    async def invoked(name: str, event: Any, headers: dict, path_qualifier: str | None = None, query_params=None):
        qualifier = path_qualifier or (lambda_svc._qp_first(query_params or {}, "Qualifier") or None)
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

    lambda_svc._invoke, lambda_svc._get_func_record_for_ref_in_scope = invoked, recorded


def report_error_types() -> None:
    """Return type and traceback of the exception of a failed invocation, as AWS's runtime does."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    invoke, execute = lambda_runtime.Worker.invoke, lambda_svc._execute_function_warm

    def invoked(worker: Any, *args: Any, **named: Any) -> dict:
        result = invoke(worker, *args, **named)
        _trace.set(result.get("trace", "") if result.get("status") == "error" else "")
        return result

    def executed(function: dict, event: Any, request_id: str) -> dict:
        _trace.set("")
        result = execute(function, event, request_id)
        trace = _trace.get()
        if result.get("error") and trace:
            result["body"] |= {"errorType": _type(trace), "stackTrace": trace.splitlines()[1:-1]}
        return result

    lambda_runtime.Worker.invoke, lambda_svc._execute_function_warm = invoked, executed


def add_root_log_handler() -> None:
    """Give Python's root logger a handler in functions, as AWS's runtime does."""
    from ministack.core import lambda_runtime

    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    begins = 'event = _ms_msg["event"]'
    assert script.count(begins) == 1
    noted = f'{begins}; _of_invocation.request_id = (_ms_msg.get("ctx") or {{}}).get("request_id", "")'
    lambda_runtime._PYTHON_WORKER_SCRIPT = _ROOT_LOGGER + script.replace(begins, noted)


def hide_function_errors() -> None:
    """Hide the error of a function in API Gateway's response, as AWS does: it is in the function's log."""
    from ministack.services import apigateway_v1

    shape = apigateway_v1._lambda_proxy_response

    def shaped(result: dict) -> tuple[dict | None, str | None]:
        response, error = shape(result)
        return response, "Internal server error" if error else None

    apigateway_v1._lambda_proxy_response = shaped


def drain_changed_functions() -> None:
    """Let the workers of a changed or deleted function finish their invocations before they end."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    invalidate, kill = lambda_svc.invalidate_worker, lambda_runtime.kill_workers

    def invalidated(*args: Any, **named: Any) -> None:
        token = _function_changed.set(True)
        try:
            invalidate(*args, **named)
        finally:
            _function_changed.reset(token)

    def killed(workers: Iterable[Any]) -> None:
        workers = [worker for worker in workers if worker is not None]
        busy = [worker for worker in workers if _function_changed.get() and worker.in_use]
        kill([worker for worker in workers if worker not in busy])
        for worker in busy:
            threading.Thread(target=after_invocation, args=(worker,), daemon=True, name="lambda-end").start()

    def after_invocation(worker: Any) -> None:
        # An invocation holds the lock until it has ended, at the latest by the function's time-out.
        with worker._lock:
            kill([worker])

    lambda_svc.invalidate_worker, lambda_runtime.kill_workers = invalidated, killed


def sign_code_urls() -> None:
    """Give the URL of a function's code in GetFunction a secret signature, like that of a presigned URL."""
    from ministack.services import lambda_svc

    url_of = lambda_svc._presigned_code_url

    def signed(function: str) -> str:
        return re.sub(r"X-Amz-Signature=[^&]*", f"X-Amz-Signature={_code_signature}", url_of(function))

    lambda_svc._presigned_code_url = signed


def is_signed_code_url(query: str) -> bool:
    """Whether the query of a URL for a function's code has the signature that GetFunction returned."""
    return secrets.compare_digest("".join(parse_qs(query).get("X-Amz-Signature", [])), _code_signature)


def await_invocations(function: str, version: str) -> None:
    """Wait until a version has no invocations in flight, at most for the function's timeout."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    config = lambda_svc._functions[function]["versions"][version]["config"]
    key = lambda_runtime._worker_key(function, config, version)
    # Let in-flight invocations reach a worker.
    time.sleep(_DISPATCH_SECONDS)
    deadline = time.monotonic() + config["Timeout"]
    while any(worker.in_use for worker in lambda_runtime._workers.get(key, [])) and time.monotonic() < deadline:
        time.sleep(_DISPATCH_SECONDS)


def measure(publish: Metric) -> None:
    """Call `publish(dimensions, {metric: (unit, value)})` for each set of dimensions of an invocation.

    Source: AWS Lambda Developer Guide, "Types of metrics for Lambda functions".
    """
    from ministack.services import lambda_svc

    execute = lambda_svc._execute_function

    def executed(function: dict, event: Any) -> dict:
        config = function.get("config") or function
        if lambda_svc._function_config_scope_mismatch(config):
            return execute(function, event)
        started = time.perf_counter()
        result = execute(function, event)
        values = {
            "Invocations": ("Count", 1.0),
            "Errors": ("Count", float(bool(result.get("error")))),
            "Throttles": ("Count", float(bool(result.get("throttle")))),
            "Duration": ("Milliseconds", 1000 * (time.perf_counter() - started)),
        }
        for dimensions in _dimensions(config):
            publish(dimensions, values)
        return result

    lambda_svc._execute_function = executed
    lambda_svc._emit_lambda_metrics = lambda *args, **named: None


def around_alias_updates(shift: Callable[[dict, str, str, str], None]) -> None:
    """Shift an alias to another version by `shift(policy, function, old version, new version)`.

    It is called where a template's alias has the UpdatePolicy CodeDeployLambdaAliasUpdate, on a thread of its own,
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


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [value] if value else []


def _references(value: Any, resources: dict) -> list[str]:
    """The resources that a part of a template refers to."""
    if isinstance(value, dict):
        own = [value["Ref"]] if value.get("Ref") in resources else []
        return own + [name for item in value.values() for name in _references(item, resources)]
    return [name for item in value for name in _references(item, resources)] if isinstance(value, list) else []


def _version(function: dict | None, name: str, qualifier: str | None) -> str | None:
    """The version that an alias routes this invocation to; None when the qualifier is no alias."""
    alias = (function or {}).get("aliases", {}).get(qualifier)
    if alias is None:
        return None
    _called.set((name, str(qualifier)))
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    drawn = random.random()
    for version, weight in weights.items():
        drawn -= weight
        if drawn < 0:
            return version
    return alias["FunctionVersion"]


def _dimensions(config: dict) -> list[dict[str, str]]:
    name = config["FunctionName"]
    found = [{"FunctionName": name}]
    called = _called.get()
    if called is not None and called[0] == name:
        resource = f"{name}:{called[1]}"
        found += [
            {"FunctionName": name, "Resource": resource},
            {"FunctionName": name, "Resource": resource, "ExecutedVersion": config.get("Version", "$LATEST")},
        ]
    return found


def _type(trace: str) -> str:
    """The name of the exception at the end of a Python traceback, without its module."""
    lines = trace.rstrip().splitlines()
    last = max((number for number, line in enumerate(lines) if line.startswith(" ")), default=-1)
    found = _EXCEPTION.match("\n".join(lines[last + 1 :]))
    return found["type"].rpartition(".")[2] if found else "Exception"


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
