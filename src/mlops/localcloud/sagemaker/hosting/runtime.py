"""InvokeEndpoint: the hot path, on the event loop, over pooled connections to the containers."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

import aiohttp

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError, not_implemented
from mlops.localcloud.sagemaker.common.service import runtime_service
from mlops.localcloud.sagemaker.hosting import endpoints, invocations
from mlops.localcloud.sagemaker.hosting.capture import Exchange
from mlops.localcloud.sagemaker.hosting.endpoint import Endpoint
from mlops.localcloud.sagemaker.hosting.fleet import DeploymentFailed, Fleet, Variant
from mlops.localcloud.sagemaker.hosting.model_container import ServingContainer
from mlops.localcloud.sagemaker.hosting.on_demand import MOST_BYTES, Retired

# "A model container must respond to requests within 60 seconds" (InvokeEndpoint).
_TIMEOUT_SECONDS = 60
# Shorter than servers keep idle connections open: a request on one that closes just then would be lost.
_IDLE_SECONDS = 1.5
_CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_PASSED_ON = {
    "ContentType": "Content-Type",
    "Accept": "Accept",
    "CustomAttributes": _CUSTOM_ATTRIBUTES,
    "InferenceId": "X-Amzn-SageMaker-Inference-Id",
}
_SUPPORTED = {"EndpointName", "Body", "TargetVariant", *_PASSED_ON}
_DEFAULT_CONTENT_TYPE = "application/octet-stream"


class _Response(NamedTuple):
    """The response to a request. Status 0 and SageMaker's own message are returned for a container that does not respond."""

    variant: str
    configuration: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


@runtime_service.async_operation
async def invoke_endpoint(request: dict) -> dict:
    """Pass a request to a container of the endpoint and return its response.

    Raises AWSError: ValidationError when the endpoint or variant does not exist, ModelError (424) with the container's
    own status and message when it does not answer with 2xx, ThrottlingException when a serverless endpoint has as many
    requests as it takes at a time.
    """
    started = time.perf_counter()
    if not _SUPPORTED.issuperset(request):
        refused = ", ".join(sorted(request.keys() - _SUPPORTED))
        raise not_implemented(f"The local cloud does not implement InvokeEndpoint with {refused}")
    name = request["EndpointName"]
    endpoint = endpoints.serving(name)
    if endpoint is None:
        raise AWSError("ValidationError", f"Endpoint {name} of account {context.account()} not found.")
    headers = {header: request[member] for member, header in _PASSED_ON.items() if member in request}
    headers.setdefault("Content-Type", _DEFAULT_CONTENT_TYPE)
    with _taken(endpoint, request.get("Body", b"")):
        response = await _ask(endpoint, request.get("TargetVariant"), headers, request.get("Body", b""))
    total = time.perf_counter() - started
    instances = endpoint.instances(response.variant)
    overhead = total - response.seconds
    invocations.count(
        name, response.variant, response.configuration, response.status, response.seconds, overhead, instances
    )
    if not 200 <= response.status < 300:
        raise _model_error(name, response)
    content_type = response.headers.get("Content-Type", _DEFAULT_CONTENT_TYPE)
    if endpoint.capture is not None:
        endpoint.capture.record(
            Exchange(
                response.variant,
                headers["Content-Type"],
                request.get("Body", b""),
                content_type,
                response.body,
                request.get("CustomAttributes"),
                request.get("InferenceId"),
            )
        )
    return {
        "Body": response.body,
        "ContentType": content_type,
        "InvokedProductionVariant": response.variant,
        "CustomAttributes": response.headers.get(_CUSTOM_ATTRIBUTES),
    }


@contextmanager
def _taken(endpoint: Endpoint, body: bytes) -> Iterator[None]:
    """Take a request. Raises AWSError where a serverless endpoint takes no more, or none of this size."""
    on_demand = endpoint.fleet.on_demand if endpoint.fleet else None
    if on_demand is None:
        yield
        return
    if len(body) > MOST_BYTES:
        raise AWSError("413", f"HTTP content length exceeded {MOST_BYTES} bytes.", status=413)
    with on_demand.request() as share:
        invocations.measure_concurrency(endpoint.name, endpoint.variant_names()[0], share)
        yield


async def _ask(endpoint: Endpoint, target: str | None, headers: dict, body: bytes) -> _Response:
    """The response of the first container that takes the connection."""
    started, variant, update = time.perf_counter(), target or "", ""
    async for fleet, variant, container in _candidates(endpoint, target):
        # A cold start is no time of the model.
        started = time.perf_counter() if fleet.on_demand else started
        update = fleet.configuration["EndpointConfigName"] if fleet.is_update else ""
        port = container.enter()
        if port is None:
            continue
        try:
            async with _session().post(
                f"http://127.0.0.1:{port}/invocations", data=body, headers=headers, allow_redirects=False
            ) as response:
                content = await response.read()
                if fleet.on_demand and len(content) > MOST_BYTES:
                    too_large = f"The response of {len(content)} bytes is larger than {MOST_BYTES}".encode()
                    return _Response(variant, update, 0, {}, too_large, time.perf_counter() - started)
                return _Response(
                    variant, update, response.status, response.headers, content, time.perf_counter() - started
                )
        except aiohttp.ClientConnectorError:
            continue
        except TimeoutError:
            message = (
                "Your invocation timed out while waiting for a response from container primary. Review the latency "
                "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
            )
            return _Response(variant, update, 0, {}, message.encode(), time.perf_counter() - started)
        except aiohttp.ClientError:
            break
        finally:
            container.leave()
    message = (
        f"Amazon SageMaker could not get a response from the {endpoint.name} endpoint. This can occur when CPU or "
        "memory utilization is high. To check your utilization, see Amazon CloudWatch. To fix this problem, use an "
        "instance type with more CPU capacity or memory."
    )
    return _Response(variant, update, 0, {}, message.encode(), time.perf_counter() - started)


async def _candidates(endpoint: Endpoint, target: str | None) -> AsyncIterator[tuple[Fleet, str, ServingContainer]]:
    """Containers to try, of the variant that the request goes to.

    When a deployment switches fleets meanwhile, those of the new fleet follow: the old ones accept no requests any more.
    """
    fleet = endpoint.receiving()
    tried: list[Fleet] = []
    while fleet not in tried:
        tried.append(fleet)
        try:
            variant = fleet.choose(target)
        except KeyError as error:
            raise AWSError(
                "ValidationError",
                f"Variant {target} of endpoint {endpoint.name} of account {context.account()} not found.",
            ) from error
        for container in await _containers(variant):
            yield fleet, variant.name, container
        assert endpoint.fleet is not None
        fleet = endpoint.fleet


async def _containers(variant: Variant) -> list[ServingContainer]:
    """The containers of a variant; a serverless one is started when there is none."""
    if variant.on_demand is None:
        return variant.in_turn()
    try:
        return [await asyncio.wrap_future(variant.on_demand.container())]
    except (DeploymentFailed, Retired):
        return []


@cache
def _session() -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
        auto_decompress=False,
    )
    loop = asyncio.get_running_loop()
    context.on_shutdown(lambda: asyncio.run_coroutine_threadsafe(session.close(), loop).result(5))
    return session


def _model_error(endpoint: str, response: _Response) -> AWSError:
    kind = "client" if 400 <= response.status < 500 else "server"
    group, region = f"/aws/sagemaker/Endpoints/{endpoint}", context.region()
    try:
        original = response.body.decode()
        quoted = f'with message "{original}"'
    except UnicodeDecodeError:
        original = ""
        quoted = "and could not load the entire response body"
    message = (
        f"Received {kind} error ({response.status}) from primary {quoted}. "
        f"See https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group} "
        f"in account {context.account()} for more information."
    )
    return AWSError(
        "ModelError",
        message,
        status=424,
        OriginalStatusCode=response.status,
        OriginalMessage=original,
        LogStreamArn=context.arn("logs", f"log-group:{group}"),
    )
