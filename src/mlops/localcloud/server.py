"""The local cloud as one server process on the loopback."""

import importlib
import json
import logging
import os
import secrets
import shutil
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn

from mlops.localcloud import aws_lambda, cloudformation, context, event_targets, processes, sdk_integrations, state
from mlops.localcloud.cloudwatch import alarms
from mlops.localcloud.enforcement import ledger, service_calls, stacks
from mlops.localcloud.federation import accounts, assume_role, resources, web_identity
from mlops.localcloud.guard import Guard, without_cors
from mlops.localcloud.identity import container_credentials
from mlops.localcloud.ministack import (
    apigateway,
    apigateway_imports,
    app,
    conditions,
    execution_history,
    iam,
    managed_policies,
    s3,
    schedules,
)
from mlops.localcloud.ministack import stepfunctions as ministack_stepfunctions
from mlops.localcloud.service import Service
from mlops.localcloud.settings import Settings
from mlops.localcloud.state import Running
from mlops.localcloud.validation import refusals

logger = logging.getLogger(__name__)

_PACKAGES = ("sagemaker", "codepipeline", "codebuild", "codedeploy", "applicationautoscaling", "servicequotas")
_HEALTH = "/_localcloud/health"

Receive = Callable[[], Awaitable[dict]]
Send = Callable[[dict], Awaitable[None]]


class Application:
    """ASGI application: requests to endpoints are handled first, as the hot path; ministack routes all others."""

    def __init__(self, data_plane: Service, running: Running):
        self._base = app.application()
        self._data_plane = data_plane
        self._guard = Guard(running.port)
        self._health = json.dumps({"status": "running", "region": running.region, "id": running.id}).encode()

    async def __call__(self, scope: dict, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and (reason := self._guard.refusal(scope)):
            return await _refuse(scope, send, reason)
        if scope["type"] == "http":
            path = scope["path"]
            if path.startswith("/endpoints/") and "/invocations" in path:
                return await self._invoke(scope, receive, send)
            if path.startswith(web_identity.PREFIX):
                return await _respond(send, *web_identity.issue(path, scope["query_string"].decode(), _headers(scope)))
            if path.startswith(container_credentials.PREFIX):
                return await _respond(send, *container_credentials.issue(path))
            if path == _HEALTH:
                return await _respond(send, 200, {"Content-Type": "application/json"}, self._health)
        await self._base(scope, receive, lambda message: send(without_cors(message)))

    async def _invoke(self, scope: dict, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        app.request_context(headers)
        body = await _body(receive)
        iam.authenticate_data_plane(scope["method"], scope["raw_path"], scope["headers"], body)
        response = await self._data_plane.handle(scope["method"], scope["path"], headers, body, {})
        await _respond(send, *response)


class Server(uvicorn.Server):
    """uvicorn that writes cloud.json when it listens, and stops every child process before it stops answering."""

    _stopping = False

    def __init__(self, config: uvicorn.Config, directory: Path, running: Running):
        super().__init__(config)
        self._directory = directory
        self._running = running

    async def startup(self, sockets: list | None = None) -> None:
        """Listen, then write cloud.json."""
        await super().startup(sockets)
        state.write(self._directory, self._running)

    def disown(self) -> None:
        """Keep running when the process that started this cloud ends."""
        self._running = replace(self._running, owned=False)
        state.write(self._directory, self._running)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to stop; a second signal ends at once."""
        if self._stopping:
            self.force_exit = True
        self.stop()

    def stop(self) -> None:
        """Stop in the background: hooks, child processes, then the server."""
        if not self._stopping:
            self._stopping = True
            threading.Thread(target=self._shut_down, name="shutdown").start()

    def _shut_down(self) -> None:
        for hook in context.shutdown_hooks():
            try:
                hook()
            except Exception:
                logger.exception("A service could not finish its work")
        processes.stop_all()
        self.should_exit = True


def run(settings: Settings, owned: bool) -> None:
    """Serve until stopped. An `owned` cloud stops when its standard input closes, unless a byte `d` came first."""
    logging.basicConfig(format="%(asctime)s %(levelname)s [%(name)s] %(message)s")
    _make_private(settings)
    app.configure(settings)
    context.configure(settings)
    processes.start_reaper()
    data_plane = _install()
    apigateway.enable_logs(settings.account, settings.region)
    key, secret = accounts.install()
    running = Running(secrets.token_hex(16), settings.port, os.getpid(), settings.region, key, secret, owned)
    config = uvicorn.Config(
        Application(data_plane, running),
        host="127.0.0.1",
        port=settings.port,
        http="httptools",
        lifespan="on",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    server = Server(config, settings.directory, running)
    if owned:
        threading.Thread(target=_watch_owner, args=(server,), daemon=True, name="owner").start()
    try:
        server.run()
    finally:
        shutil.rmtree(settings.temporary, ignore_errors=True)


def _make_private(settings: Settings) -> None:
    """Let only the owner read what this cloud writes: logs, data, credentials."""
    os.umask(0o077)
    settings.directory.mkdir(parents=True, exist_ok=True)
    settings.directory.chmod(0o700)
    # Left by a cloud that was killed.
    shutil.rmtree(settings.temporary, ignore_errors=True)
    settings.temporary.mkdir()


def _install() -> Service:
    """Add the local cloud's services to ministack's. Returns the data plane of endpoints."""
    ministack_stepfunctions.track_state_machine_executions()
    conditions.resolve_pseudo_parameters_in_conditions()
    conditions.honour_conditions_of_imports()
    conditions.honour_conditions_in_change_sets()
    ministack_stepfunctions.replace_sdk_integration(sdk_integrations.call)
    ministack_stepfunctions.correct_executions()
    execution_history.install()
    managed_policies.add_managed_policies()
    s3.use_managed_key()
    schedules.shorten(context.settings.time_scale)
    s3.encrypt_buckets_of_templates()
    apigateway_imports.install()
    # The check that is installed last runs first, so malformed requests reach no other.
    event_targets.install()
    refusals.install()
    for permissions in (ledger, stacks, service_calls, web_identity, assume_role):
        permissions.install()
    cloudformation.register(resources.resource_types)
    aws_lambda.install()
    alarms.install()
    apigateway.require_role_for_logs()
    apigateway.end_compression_by_an_empty_size()
    apigateway.add_api_key_tags()
    for name in _PACKAGES:
        package = importlib.import_module(f"mlops.localcloud.{name}")
        app.add_service(package.service.name, package.service.target_prefix, package.service.handle)
        cloudformation.register(package.resource_types)
        for resource, integration in getattr(package, "integrations", {}).items():
            ministack_stepfunctions.add_integration(resource, integration)
    return importlib.import_module("mlops.localcloud.sagemaker").runtime_service


def _watch_owner(server: Server) -> None:
    # Not sys.stdin.buffer: Python aborts at its exit while a thread waits with the buffer's lock.
    while byte := os.read(sys.stdin.fileno(), 1):
        if byte == b"d":
            return server.disown()
    server.stop()


def _headers(scope: dict) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _refuse(scope: dict, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        # Before the handshake is accepted, this answers 403.
        return await send({"type": "websocket.close", "code": 1008, "reason": reason})
    body = json.dumps({"__type": "AccessDeniedException", "message": reason}).encode()
    await _respond(send, 403, {"Content-Type": "application/json", "x-amzn-ErrorType": "AccessDeniedException"}, body)


async def _respond(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    encoded.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
