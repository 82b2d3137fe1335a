"""Checks each answer of the added services against botocore's output shape, in every test."""

from typing import Any

from botocore.client import BaseClient
from botocore.model import OperationModel

from mlops import shapes

ADDED = {"sagemaker", "sagemaker-runtime", "codepipeline", "codebuild", "codedeploy", "application-autoscaling"}
# The operations whose answers were judged, by service.
judged: set[tuple[str, str]] = set()


def watch(client: BaseClient) -> None:
    """Fail the call of an added service whose answer its output shape does not allow."""
    if client.meta.service_model.service_name in ADDED:
        client.meta.events.register("after-call", _judge)


def _judge(http_response: Any, parsed: dict, model: OperationModel, **_: Any) -> None:
    if http_response.status_code >= 300:
        return
    assert parsed["ResponseMetadata"].get("RequestId"), f"{model.name} answers without x-amzn-RequestId"
    if model.output_shape is not None:
        answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        if stream := model.output_shape.serialization.get("payload"):
            # The client has wrapped it, and it can be read only once.
            answer[stream] = b""
        # AWS's own answers have empty strings and lists where their shapes set a least length.
        found = shapes.check(answer, model.output_shape)
        problems = [problem for problem in found if problem.rule in ("required", "type", "enum")]
        assert not problems, f"{model.name} answers {problems}"
    judged.add((model.service_model.service_name, model.name))
