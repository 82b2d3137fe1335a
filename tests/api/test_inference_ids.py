"""A client's id of its request reaches the captured records, where ground truth is joined by it."""

import pytest
from gateway import Call, Endpoint


@pytest.fixture
def ids(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The inference id of each request that the endpoint gets."""
    found: list[str | None] = []
    respond = Endpoint.do_POST

    def noted(self: Endpoint) -> None:
        found.append(self.headers["X-Amzn-SageMaker-Inference-Id"])
        respond(self)

    monkeypatch.setattr(Endpoint, "do_POST", noted)
    return found


def test_the_endpoint_gets_the_id_that_the_client_sends(call: Call, ids: list[str | None]) -> None:
    assert call("1", Content_Type="text/csv", x_inference_id="ride-4711")["statusCode"] == 200
    assert call("1", Content_Type="text/csv")["statusCode"] == 200
    assert ids == ["ride-4711", None]


@pytest.mark.parametrize("found", ["x" * 65, "ride\t1", "Straße", " "])
def test_an_id_that_sagemaker_does_not_take_is_refused(call: Call, ids: list[str | None], found: str) -> None:
    refused = call("1", Content_Type="text/csv", X_Inference_Id=found)
    assert refused["statusCode"] == 400
    assert refused["content"]["error"].startswith("X-Inference-Id: allowed are at most 64")
    assert ids == []
