"""InvokeEndpoint: the hot path, on the event loop, over pooled connections to the containers."""

import asyncio
import time
from functools import cache

import aiohttp

from mlops.localcloud import context
from mlops.localcloud.sagemaker import endpoints, invocations, runtime_service
from mlops.localcloud.service import AWSError

_TIMEOUT_SECONDS = 60
_PASSED_ON = {
    "ContentType": "Content-Type",
    "Accept": "Accept",
    "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes",
    "InferenceId": "X-Amzn-SageMaker-Inference-Id",
}
_DEFAULT_CONTENT_TYPE = "application/octet-stream"


@runtime_service.async_operation
async def invoke_endpoint(request: dict) -> dict:
    """Pass a request to a container of the endpoint and its answer back.

    Raises AWSError ValidationError when there is no such endpoint or variant, ModelError (424) with the container's
    own status and message when it does not answer with 2xx.
    """
    began = time.perf_counter()
    name = request["EndpointName"]
    endpoint = endpoints.serving(name)
    if endpoint is None:
        raise AWSError("ValidationError", f"Endpoint {name} of account {context.account()} not found.")
    fleet = endpoint.fleet
    try:
        variant, ports = fleet.choose(request.get("TargetVariant"))
    except KeyError as error:
        raise AWSError(
            "ValidationError",
            f"Variant {request['TargetVariant']} not found for Endpoint {name} of account {context.account()}",
        ) from error
    headers = {header: request[member] for member, header in _PASSED_ON.items() if member in request}
    headers.setdefault("Content-Type", _DEFAULT_CONTENT_TYPE)
    fleet.in_flight += 1
    try:
        status, answered, body, model_seconds = await _ask(ports, headers, request["Body"])
    finally:
        fleet.in_flight -= 1
    invocations.count(name, variant, status, model_seconds, time.perf_counter() - began - model_seconds)
    if not 200 <= status < 300:
        raise _model_error(name, status, body)
    content_type = answered.get("Content-Type", _DEFAULT_CONTENT_TYPE)
    attributes = request.get("CustomAttributes", "")
    if endpoint.capture is not None:
        endpoint.capture.record(
            variant, (headers["Content-Type"], request["Body"]), (content_type, body), attributes
        )
    return {
        "Body": body,
        "ContentType": content_type,
        "InvokedProductionVariant": variant,
        "CustomAttributes": answered.get("X-Amzn-SageMaker-Custom-Attributes"),
    }


async def _ask(ports: list[int], headers: dict, body: bytes) -> tuple[int, dict, bytes, float]:
    """Status, headers, body and seconds of the first instance that takes the connection."""
    began = time.perf_counter()
    for port in ports:
        try:
            async with _session().post(
                f"http://127.0.0.1:{port}/invocations",
                data=body,
                headers=headers,
                skip_auto_headers=("User-Agent",),
            ) as answer:
                return answer.status, answer.headers, await answer.read(), time.perf_counter() - began
        except aiohttp.ClientConnectorError:
            continue
        except TimeoutError:
            message = b"Your invocation timed out while waiting for a response from container primary."
            return 0, {}, message, time.perf_counter() - began
        except aiohttp.ClientError as error:
            return (
                0,
                {},
                f"The container closed the connection: {error}".encode(),
                time.perf_counter() - began,
            )
    return 503, {}, b"No container of the variant takes connections", time.perf_counter() - began


@cache
def _session() -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15), timeout=timeout, auto_decompress=False
    )
    loop = asyncio.get_running_loop()
    context.on_shutdown(lambda: asyncio.run_coroutine_threadsafe(session.close(), loop).result(5))
    return session


def _model_error(endpoint: str, status: int, body: bytes) -> AWSError:
    said = body.decode("utf-8", errors="replace")[:4096]
    kind = "client" if 400 <= status < 500 else "server"
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    url = f"https://{context.region()}.console.aws.amazon.com/cloudwatch/home?region={context.region()}"
    message = (
        f'Received {kind} error ({status}) from primary with message "{said}". '
        f"See {url}#logEventViewer:group={group} in account {context.account()} for more information."
    )
    return AWSError(
        "ModelError",
        message,
        status=424,
        OriginalStatusCode=status,
        OriginalMessage=said,
        LogStreamArn=context.arn("logs", f"log-group:{group}"),
    )
