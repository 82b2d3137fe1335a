"""ministack's Lambda: types of errors, logs, draining of workers, URLs of code, metrics."""

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

from mlops.localcloud.ministack import lambda_aliases

CODE_URL_PREFIX = "/_ministack/lambda-code/"
# The signature in the URLs that GetFunction returns for a function's code.
_code_signature = secrets.token_hex(32)

_trace: ContextVar[str] = ContextVar("function_trace", default="")
# Whether workers are being stopped because their function was changed or deleted.
_function_changed: ContextVar[bool] = ContextVar("function_changed", default=False)
# In a Python traceback, the line that names the exception follows the last indented line.
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
    read_event = 'event = _ms_msg["event"]'
    assert script.count(read_event) == 1
    with_request_id = f'{read_event}; _of_invocation.request_id = (_ms_msg.get("ctx") or {{}}).get("request_id", "")'
    lambda_runtime._PYTHON_WORKER_SCRIPT = _ROOT_LOGGER + script.replace(read_event, with_request_id)


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


def _dimensions(config: dict) -> list[dict[str, str]]:
    name = config["FunctionName"]
    dimensions = [{"FunctionName": name}]
    called = lambda_aliases.called_alias.get()
    if called is not None and called[0] == name:
        resource = f"{name}:{called[1]}"
        dimensions += [
            {"FunctionName": name, "Resource": resource},
            {"FunctionName": name, "Resource": resource, "ExecutedVersion": config.get("Version", "$LATEST")},
        ]
    return dimensions


def _type(trace: str) -> str:
    """The name of the exception at the end of a Python traceback, without its module."""
    lines = trace.rstrip().splitlines()
    last = max((number for number, line in enumerate(lines) if line.startswith(" ")), default=-1)
    match = _EXCEPTION.match("\n".join(lines[last + 1 :]))
    return match["type"].rpartition(".")[2] if match else "Exception"
