"""The client's errors for an endpoint that returns no predictions."""

import pytest

from mlops.errors import PipelineError
from mlops.qa.client import Client, Response


class Answering(Client):
    """A client of an endpoint that gives the same response to every request."""

    def __init__(self, response: Response) -> None:
        self._response, self.endpoint = response, "demo-test"

    def send(self, body: bytes, content_type: str, accept: str) -> Response:
        return self._response


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        (Response(0, "Your invocation timed out"), "demo-test did not respond to good rows: Your invocation timed out"),
        (Response(500, "broken"), "demo-test returned 500 for good rows: broken"),
        (Response(200, "hello"), "demo-test returned no predictions: 'hello'"),
        (Response(200, "1.0\n2.0\n"), "demo-test returned 2 predictions for 1 rows"),
    ],
)
def test_a_response_without_predictions_is_reported(response: Response, sentence: str) -> None:
    with pytest.raises(PipelineError) as raised:
        Answering(response).predict_csv(["1,2"])
    assert str(raised.value) == sentence
