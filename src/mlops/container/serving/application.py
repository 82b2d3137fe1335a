"""The ASGI application: GET /ping, POST /invocations, and GET /execution-parameters, which transform jobs ask for.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn

from mlops.container.kinds import Category, RowError
from mlops.container.rows import Rows, encode_rows, parse_csv
from mlops.container.serving.answers import Labels, Numbers
from mlops.container.serving.media import CSV, JSON, answer_type, request_type
from mlops.contract import Predictor

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# Some 10 ms of prediction. Between two parts of a large request the server responds to pings: SageMaker waits 2 s.
_ROWS_AT_ONCE = 5_000
_METHODS = {"/ping": "GET", "/invocations": "POST", "/execution-parameters": "GET"}
_MIB = 1024 * 1024
# SageMaker's limit for all requests of a transform job that are under way at a time.
_MOST_TRANSFORMED_MIB = 100


class Refusal(Exception):
    """A response with a status other than 200; the message is the reason, for people."""

    def __init__(self, status: int, reason: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(reason)
        self.status, self.headers = status, headers


class Application:
    """Serves one model. It predicts one request at a time, in this thread, because a prediction occupies a core."""

    def __init__(self, predictor: Predictor, max_bytes: int, workers: int = 1) -> None:
        """`max_bytes` is the size of the largest accepted body; SageMaker's limit for InvokeEndpoint is 6 MiB.

        `workers` is the number of processes that serve the model, each with an application of its own.
        """
        self._predictor, self._max_bytes = predictor, max_bytes
        self._execution_parameters = json.dumps(_execution_parameters(max_bytes, workers)).encode()
        target = predictor.target
        self._answers = Labels(target.values) if isinstance(target, Category) else Numbers()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        status, media = 200, JSON
        extra: tuple[tuple[bytes, bytes], ...] = ()
        try:
            self._route(scope)
            body = b""
            if scope["path"] == "/invocations":
                body, media = await self._invoke(dict(scope["headers"]), receive)
            elif scope["path"] == "/execution-parameters":
                body = self._execution_parameters
        except Refusal as refusal:
            status, extra = refusal.status, refusal.headers
            body = json.dumps({"error": str(refusal)}).encode()
        headers = [(b"content-type", media.encode()), (b"content-length", b"%d" % len(body)), *extra]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _route(self, scope: Mapping[str, Any]) -> None:
        allowed = _METHODS.get(scope["path"])
        if allowed is None:
            *paths, last = _METHODS
            raise Refusal(404, f"{scope['path']} is not served, only {', '.join(paths)} and {last}")
        if scope["method"] != allowed:
            raise Refusal(
                405, f"{scope['method']} {scope['path']}: allowed is {allowed}", ((b"allow", allowed.encode()),)
            )

    async def _invoke(self, headers: Mapping[bytes, bytes], receive: Receive) -> tuple[bytes, str]:
        media = request_type(headers.get(b"content-type", b"").decode("latin-1"))
        if media is None:
            content_type = headers.get(b"content-type", b"nothing").decode("latin-1")
            raise Refusal(415, f"Content-Type: found {content_type}, allowed are {CSV} and {JSON}")
        accept = headers.get(b"accept", b"").decode("latin-1")
        answer = answer_type(accept, media)
        if answer is None:
            raise Refusal(406, f"Accept: found {accept}, allowed are {CSV} and {JSON}")
        body = await self._read(headers, receive)
        try:
            rows = self._rows(body, media)
        except (RowError, UnicodeDecodeError) as error:
            raise Refusal(400, str(error)) from None
        predictions = await self._predict(rows)
        return self._answers.write(predictions, answer), answer

    async def _read(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        if int(headers.get(b"content-length", b"0")) > self._max_bytes:
            self._too_large()
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refusal(400, "the client went away before the end of the request")
            part = message.get("body", b"")
            size += len(part)
            if size > self._max_bytes:
                self._too_large()
            parts.append(part)
            more = message.get("more_body", False)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _too_large(self) -> NoReturn:
        raise Refusal(413, f"the body is larger than {self._max_bytes} bytes, which is the most that is allowed")

    def _rows(self, body: bytes, media: str) -> Rows:
        features = self._predictor.features
        if media == CSV:
            return parse_csv(body.decode(), features)
        try:
            request = json.loads(body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise Refusal(400, f"not JSON: {error}") from None
        if (
            not isinstance(request, dict)
            or request.keys() != {"instances"}
            or not isinstance(request["instances"], list)
        ):
            raise Refusal(
                400, 'allowed is {"instances": [row, …]}, where a row is a list, or an object with the features as keys'
            )
        return encode_rows(request["instances"], features)

    async def _predict(self, rows: Rows) -> list[Any]:
        if rows.count <= _ROWS_AT_ONCE:
            return self._checked(rows)
        predictions = []
        for start in range(0, rows.count, _ROWS_AT_ONCE):
            predictions += self._checked(rows.part(start, start + _ROWS_AT_ONCE))
            await asyncio.sleep(0)
        return predictions

    def _checked(self, rows: Rows) -> list[Any]:
        predicted = self._predictor.predict(rows)
        predictions = predicted if isinstance(predicted, list) else _as_list(predicted)
        if len(predictions) != rows.count:
            raise Refusal(500, f"the model made {len(predictions)} predictions for {rows.count} rows")
        if not self._answers.can_be_written(predictions):
            raise Refusal(500, f"the model's predictions are not {self._answers.allowed}")
        return predictions


def _execution_parameters(max_bytes: int, workers: int) -> dict[str, Any]:
    """How a transform job shall send its rows where its request leaves that open: many at once, to each worker."""
    megabytes = max(1, min(max_bytes // _MIB, _MOST_TRANSFORMED_MIB))
    return {
        "MaxConcurrentTransforms": max(1, min(workers, _MOST_TRANSFORMED_MIB // megabytes)),
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": megabytes,
    }


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON; null is a missing value")


def _as_list(predicted: Any) -> list[Any]:
    """The predictions as a list. numpy's `tolist` is faster than iteration, and converts to Python's numbers."""
    return predicted.tolist() if hasattr(predicted, "tolist") else list(predicted)
