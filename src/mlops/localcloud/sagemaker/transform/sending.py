"""Requests of a transform job to the containers of its model."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException

from mlops.localcloud.sagemaker.hosting.model_container import ServingContainer
from mlops.localcloud.sagemaker.transform.batches import MOST_MEGABYTES, Parameters

_PARAMETERS_TIMEOUT_SECONDS = 2
_STRATEGIES = {"SINGLE_RECORD": "SingleRecord", "MULTI_RECORD": "MultiRecord"}


class Unanswered(Exception):
    """A request without a usable response. `lines` go to the log; `by_client` says that the container refused the data."""

    def __init__(self, lines: list[str], by_client: bool = False):
        super().__init__(lines[0])
        self.lines, self.by_client = lines, by_client


class Sender:
    """Sends requests to one container, with the job's content types, timeout and retries."""

    def __init__(self, container: ServingContainer, request: dict):
        client = request.get("ModelClientConfig", {})
        self._container = container
        self._timeout = client.get("InvocationsTimeoutInSeconds", 600)
        self._attempts = 1 + client.get("InvocationsMaxRetries", 3)
        self._request = request
        content, accept = request["TransformInput"].get("ContentType"), request["TransformOutput"].get("Accept")
        self._headers = {name: value for name, value in (("Content-Type", content), ("Accept", accept)) if value}

    def parameters(self) -> Parameters:
        """The request's parameters, where it has none those of the container, and then SageMaker's defaults.

        Source: Amazon SageMaker Developer Guide, "How Containers Serve Requests": /execution-parameters is optional.
        """
        request = self._request
        wanted = {name: request.get(name) for name in ("MaxConcurrentTransforms", "MaxPayloadInMB", "BatchStrategy")}
        offered = {} if all(wanted.values()) else self._offered()
        megabytes = wanted["MaxPayloadInMB"] or _whole(offered.get("MaxPayloadInMB")) or Parameters.megabytes
        concurrent = wanted["MaxConcurrentTransforms"] or _whole(offered.get("MaxConcurrentTransforms")) or 1
        strategy = wanted["BatchStrategy"] or _STRATEGIES.get(str(offered.get("BatchStrategy")), Parameters.strategy)
        megabytes = min(megabytes, MOST_MEGABYTES)
        return Parameters(min(concurrent, MOST_MEGABYTES // megabytes), megabytes, strategy)

    def _offered(self) -> dict:
        try:
            status, body = self._ask("GET", "/execution-parameters", None, _PARAMETERS_TIMEOUT_SECONDS)
            offered = json.loads(body) if status == 200 else {}
        except (OSError, HTTPException, ValueError):
            return {}
        return offered if isinstance(offered, dict) else {}

    def send(self, body: bytes) -> bytes:
        """The container's response to /invocations. Raises Unanswered when it fails as often as the job allows."""
        for _ in range(self._attempts):
            try:
                status, response = self._ask("POST", "/invocations", body, self._timeout)
            except (OSError, HTTPException):
                failure = Unanswered(["Unable to get response from algorithm"])
                continue
            if 200 <= status < 300:
                return response
            text = response.decode("utf-8", "replace")
            if 400 <= status < 500:
                raise Unanswered([f"ClientError: {status}", "", "Message:", *text.splitlines()], by_client=True)
            failure = Unanswered(
                [f"Bad HTTP status received from algorithm: {status}", "", "Message:", *text.splitlines()]
            )
        raise failure

    def _ask(self, method: str, path: str, body: bytes | None, timeout: float) -> tuple[int, bytes]:
        port = self._container.enter()
        if port is None:
            raise ConnectionError("the container takes no requests")
        connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
        try:
            connection.request(method, path, body, self._headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
            self._container.leave()


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
