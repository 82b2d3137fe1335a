"""The answer to an approval needs its token, which CodePipeline publishes a moment after the action begins."""

import pytest

from mlops.aws import pipeline
from mlops.aws.executions import Action, Execution
from mlops.errors import PipelineError

WAITING = Action(stage="Approve", name="Release", category="Approval", provider="Manual")
EXECUTION = Execution("taxi", "id", "InProgress", "", variables={}, revisions={}, trigger="", stages=())


class Client:
    """Answers each GetPipelineState with the next of these runs of the approval."""

    def __init__(self, *runs: dict) -> None:
        self._runs = iter(runs)

    def get_pipeline_state(self, name: str) -> dict:
        action = {"actionName": "Release", "latestExecution": next(self._runs)}
        stage = {"stageName": "Approve", "latestExecution": {"pipelineExecutionId": "id"}, "actionStates": [action]}
        return {"stageStates": [stage]}


def test_the_pipelines_state_is_read_again_until_the_approval_has_a_token():
    client = Client({"status": "InProgress"}, {"status": "InProgress", "token": "the token"})
    assert pipeline._token(client, EXECUTION, WAITING) == "the token"


def test_an_approval_that_ended_without_a_token_is_an_error():
    client = Client({"status": "InProgress"}, {"status": "Succeeded"})
    with pytest.raises(PipelineError, match="no longer waits"):
        pipeline._token(client, EXECUTION, WAITING)
