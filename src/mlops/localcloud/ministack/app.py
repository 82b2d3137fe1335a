"""ministack's application: its settings, its routes, the services that are added to it."""

import os
from collections.abc import Awaitable, Callable, Mapping

from mlops.localcloud.protocol import Handler
from mlops.localcloud.settings import Settings


def configure(settings: Settings) -> None:
    """Set what ministack reads from the environment. Must run before the first import of ministack.

    Inherited AWS_* variables are dropped: they point at another cloud.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        {
            "AWS_ENDPOINT_URL": settings.endpoint_url,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "TMPDIR": str(settings.temporary),
            "GATEWAY_PORT": str(settings.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": settings.account,
            "MINISTACK_REGION": settings.region,
            "LAMBDA_EXECUTOR": "local",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "SFN_WAIT_SCALE": str(settings.time_scale),
            # Every request is checked: its signature, its principal's policies.
            "AUTH": "true",
        }
    )


def application() -> Callable[..., Awaitable[None]]:
    """ministack's ASGI application, with all of its services."""
    from ministack.app import app

    return app


def request_context(headers: Mapping[str, str]) -> None:
    """Set account and region of a request that does not pass through ministack's own dispatch."""
    from ministack.core.iam_evaluator import find_iam_access_key_account
    from ministack.core.responses import set_request_account_id, set_request_region
    from ministack.core.router import extract_access_key_id, extract_region

    key = extract_access_key_id(dict(headers))
    set_request_account_id(find_iam_access_key_account(key) or key)
    set_request_region(extract_region(dict(headers)))


def add_service(name: str, target_prefix: str | None, handler: Handler) -> None:
    """Route requests signed for `name`, or with X-Amz-Target `target_prefix`.…, to `handler`.

    ministack checks their signatures. The handler authorises them, because it knows the operation and its resources.
    """
    from ministack import app
    from ministack.core import iam_actions, router

    app.SERVICE_HANDLERS[name] = handler
    patterns: dict[str, list[str]] = {"host_patterns": [rf"^{name}\."]}
    if target_prefix:
        patterns["target_prefixes"] = [f"{target_prefix}."]
    router.SERVICE_PATTERNS[name] = patterns
    iam_actions.SERVICE_TO_IAM_NAMESPACE.pop(name, None)
