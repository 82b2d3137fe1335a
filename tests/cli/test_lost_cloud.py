"""A cloud that ends while a command runs."""

from typing import Any

import pytest
import small_pipeline
from botocore.exceptions import EndpointConnectionError
from botocore.httpsession import URLLib3Session

from mlops.aws.session import AWSError, Session
from mlops.localcloud.launch import Running
from mlops.names import Names


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection any more, from the request on that reads an execution."""
    send, lost = URLLib3Session.send, []

    def send_while_it_runs(self: URLLib3Session, request: Any) -> Any:
        if lost or request.headers.get("X-Amz-Target", b"").endswith(b".GetPipelineExecution"):
            lost.append(request)
            raise EndpointConnectionError(endpoint_url=request.url)
        return send(self, request)

    monkeypatch.setattr(URLLib3Session, "send", send_while_it_runs)
    monkeypatch.setattr("mlops.aws.session._ATTEMPTS", 1)


def test_a_cloud_that_ends_after_the_start_is_no_wrong_input(
    mlops, session: Session, names: Names, repository, cloud: Running, ends
):
    small_pipeline.create(session, names, repository)
    result = mlops("start", "--watch")
    assert "has started" in result.output
    assert (result.exit_code, f"127.0.0.1:{cloud.port} has ended during this command" in result.output) == (1, True)
    assert "mlops local up" in result.output
    assert mlops("watch").exit_code == 2, "nothing has responded to this command"


def test_a_connection_to_aws_that_is_lost_names_the_commands_that_go_on(
    session: Session, monkeypatch: pytest.MonkeyPatch, ends
):
    monkeypatch.setattr("mlops.aws.session._is_local", lambda endpoint: False)
    assert session.account
    with pytest.raises(AWSError, match=r"can't be reached any more.*continues.*mlops status.*mlops watch") as raised:
        session.client("codepipeline").get_pipeline_execution(pipelineName="demo", pipelineExecutionId="1")
    assert raised.value.exit_code == 1 and raised.value.is_unreachable
