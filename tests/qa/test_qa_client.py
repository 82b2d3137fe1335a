"""The client's errors for an endpoint that returns no predictions."""

import pytest

from mlops.errors import PipelineError
from mlops.qa.client import Answer, Client


class Answering(Client):
    """A client of an endpoint that gives the same response to every request."""

    def __init__(self, answer: Answer) -> None:
        self._answer, self.endpoint = answer, "demo-test"

    def send(self, body: bytes, content_type: str, accept: str) -> Answer:
        return self._answer


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(0, "Your invocation timed out"), "demo-test did not answer good rows: Your invocation timed out"),
        (Answer(500, "broken"), "demo-test answered 500 to good rows: broken"),
        (Answer(200, "hello"), "demo-test answered no predictions: 'hello'"),
        (Answer(200, "1.0\n2.0\n"), "demo-test answered 2 predictions for 1 rows"),
    ],
)
def test_an_answer_that_is_no_prediction_is_named_for_what_it_is(answer: Answer, sentence: str) -> None:
    with pytest.raises(PipelineError) as raised:
        Answering(answer).predict_csv(["1,2"])
    assert str(raised.value) == sentence
