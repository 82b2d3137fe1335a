"""Clients of an endpoint, of the REST API and of its function: one request at a time, signed by boto3."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mlops.aws.api import SYNTHETIC_HEADER, Api
from mlops.aws.session import AWSError, Session
from mlops.errors import PipelineError
from mlops.names import LIVE, SYNTHETIC_ID
from mlops.qa import predictions
from mlops.qa.predictions import Prediction

CSV = "text/csv"
JSON = "application/json"
_T = TypeVar("_T")


@dataclass(frozen=True)
class Response:
    """The container's response, with its own HTTP status even when SageMaker wraps it in a ModelError."""

    status: int
    body: str


class Client:
    """Calls one endpoint: the given variant, or the one that SageMaker chooses."""

    def __init__(self, session: Session, endpoint: str, variant: str | None = None) -> None:
        self._runtime = session.client("sagemaker-runtime")
        self._target = {"TargetVariant": variant} if variant else {}
        self.endpoint = endpoint

    def send(self, body: bytes, content_type: str, accept: str) -> Response:
        """Send one request. A refusal by the container is a Response; AWSError when no container responded."""
        try:
            response = self._runtime.invoke_endpoint(
                EndpointName=self.endpoint,
                Body=body,
                ContentType=content_type,
                Accept=accept,
                # Monitoring must not take QA's rows for those of clients.
                InferenceId=SYNTHETIC_ID,
                **self._target,
            )
        except AWSError as error:
            if error.code != "ModelError":
                raise
            status = error.response.get("OriginalStatusCode", 500)
            return Response(status, error.response.get("OriginalMessage", ""))
        return Response(200, response["Body"].read().decode("utf-8", "replace"))

    def predict_csv(self, rows: Sequence[str]) -> list[Prediction]:
        """One prediction for each row of CSV. Raises PipelineError for any other response."""
        return self._predictions(_csv(rows), CSV, CSV, len(rows), predictions.from_csv)

    def predict_json(self, rows: Sequence[Sequence[float | str | None]]) -> list[Prediction]:
        """One prediction for each row of JSON values. Raises PipelineError for any other response."""
        body = json.dumps({"instances": rows}).encode()
        return self._predictions(body, JSON, JSON, len(rows), predictions.from_json)

    def numbers(self, rows: Sequence[str]) -> list[float]:
        """A regression model's number for each row of CSV."""
        predicted = self.predict_csv(rows)
        numbers = [each for each in predicted if not isinstance(each, dict)]
        if len(numbers) < len(predicted):
            raise PipelineError(f"{self.endpoint} returned labels, but the released model predicts numbers")
        return numbers

    def probabilities(self, rows: Sequence[str], labels: Sequence[str]) -> list[list[float]]:
        """A classifier's probability of each label for each row of CSV."""

        def read(body: str) -> list[list[float]]:
            predictions = json.loads(body)["predictions"]
            return [[float(prediction["probabilities"][label]) for label in labels] for prediction in predictions]

        return self._predictions(_csv(rows), CSV, JSON, len(rows), read)

    def _predictions(
        self, body: bytes, content_type: str, accept: str, count: int, read: Callable[[str], list[_T]]
    ) -> list[_T]:
        response = self.send(body, content_type, accept)
        if response.status == 0:  # SageMaker's own status when the container did not respond
            raise PipelineError(f"{self.endpoint} did not respond to good rows: {response.body[:300]}")
        if response.status != 200:
            raise PipelineError(f"{self.endpoint} returned {response.status} for good rows: {response.body[:300]}")
        try:
            predicted = read(response.body)
        except (ValueError, TypeError, KeyError) as error:
            raise PipelineError(f"{self.endpoint} returned no predictions: {response.body[:300]!r}") from error
        if len(predicted) != count:
            raise PipelineError(f"{self.endpoint} returned {len(predicted)} predictions for {count} rows")
        return predicted


class ApiClient(Client):
    """Calls the REST API in front of an endpoint."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.endpoint = api.url

    def send(self, body: bytes, content_type: str, accept: str) -> Response:
        """Send one request. A response with any status is a Response; AWSError when there is none."""
        response = self._api.predict(body, content_type=content_type, accept=accept, is_synthetic=True)
        return Response(response.status, response.body.decode("utf-8", "replace"))


class FunctionClient(Client):
    """Calls the function behind the REST API, by the alias that the API calls."""

    def __init__(self, session: Session, function: str) -> None:
        self._lambda = session.client("lambda")
        self.endpoint = f"{function}:{LIVE}"

    def send(self, body: bytes, content_type: str, accept: str) -> Response:
        """Invoke the function. A failure of the function is a Response with status 502, as API Gateway responds."""
        event = {
            "resource": "/predict",
            "path": "/predict",
            "httpMethod": "POST",
            "headers": {"Content-Type": content_type, "Accept": accept, SYNTHETIC_HEADER: "true"},
            "requestContext": {"requestId": "mlops", "stage": "v1"},
            "body": body.decode(),
            "isBase64Encoded": False,
        }
        response = self._lambda.invoke(FunctionName=self.endpoint, Payload=json.dumps(event).encode())
        payload = json.loads(response["Payload"].read())
        if "FunctionError" in response:
            return Response(502, f"{payload.get('errorType', '')}: {payload.get('errorMessage', '')}")
        return Response(payload["statusCode"], payload.get("body") or "")


def _csv(rows: Sequence[str]) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()
