"""A locust user that invokes an endpoint."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from functools import cache
from urllib.parse import urlsplit

from geventhttpclient.connectionpool import ConnectionPool, SSLConnectionPool
from geventhttpclient.response import HTTPParseError, HTTPSocketPoolResponse
from locust import User
from locust.env import Environment

from mlops.qa.generator import options, requests
from mlops.qa.generator.requests import Invocation

options.register()

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 60.0  # SageMaker's timeout for a container


class UnexpectedAnswerError(Exception):
    """The endpoint's response does not have a prediction per row."""


class EndpointUser(User):
    """A client of the endpoint that the command line names, with a separate connection.

    `requests` repeats the pool of prepared requests without end; each user starts at a random one.
    """

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        chosen = environment.parsed_options
        assert chosen, "locust has read the command line"
        pool = _pool(chosen.endpoint, chosen.rows, chosen.rows_per_request)
        start = random.randrange(len(pool))
        self.requests: Iterator[Invocation] = itertools.cycle(pool[start:] + pool[:start])
        self.host = pool[0].invocations.url
        self._connections = _connections(self.host)
        self._wait_seconds = chosen.wait_milliseconds / 1000

    def wait_time(self) -> float:
        """Seconds between two requests, an option of the command line."""
        return self._wait_seconds

    def invoke(self, invocation: Invocation) -> None:
        """Send one request and report latency, size of the response and any failure to locust."""
        request = bytes(invocation)
        started = time.perf_counter()
        answer, failure = b"", None
        try:
            answer = self._send(request, invocation.rows)
        except (OSError, HTTPParseError, UnexpectedAnswerError) as error:
            failure = error
        self.environment.events.request.fire(
            request_type="POST",
            name="InvokeEndpoint",
            response_time=(time.perf_counter() - started) * 1000,
            response_length=len(answer),
            exception=failure,
            context={},
        )

    def on_stop(self) -> None:
        self._connections.close()

    def _send(self, request: bytes, rows: int) -> bytes:
        socket = self._connections.get_socket()
        try:
            socket.sendall(request)
        except OSError:
            self._connections.release_socket(socket)
            raise
        # From here on the response releases or closes the socket.
        response = HTTPSocketPoolResponse(socket, self._connections, method="POST")
        body = response.read()
        if response.get_code() != 200:
            raise UnexpectedAnswerError(f"{response.get_code()}: {bytes(body[:300]).decode('utf-8', 'replace')}")
        predictions = len(body.splitlines())
        if predictions != rows:
            raise UnexpectedAnswerError(f"{predictions} predictions for {rows} rows")
        return body


@cache
def _pool(endpoint: str, rows_file: str, rows_per_request: int) -> list[Invocation]:
    """The requests that all users share, prepared once."""
    return requests.pool(requests.Invocations(endpoint), options.read_rows(rows_file), rows_per_request)


def _connections(url: str) -> ConnectionPool:
    parts = urlsplit(url)
    encrypted = parts.scheme == "https"
    port = parts.port or (443 if encrypted else 80)
    kind = SSLConnectionPool if encrypted else ConnectionPool
    host = parts.hostname or ""
    return kind(
        host,
        port,
        host,
        port,
        size=1,
        connection_timeout=_CONNECT_SECONDS,
        network_timeout=_ANSWER_SECONDS,
    )
