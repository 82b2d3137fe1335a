"""Retrainings: drift, new data and schedules start one execution of the pipeline, and refusals have their reason."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from delivery import Delivery
from harness import Cloud
from monitored_production import Monitored
from waiting import until

pytestmark = pytest.mark.acceptance


@pytest.fixture
def made(cloud: Cloud, role_arn: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator["Retrained"]:
    """A project whose production was released by an execution that has ended."""
    project = Retrained(cloud, role_arn, tmp_path, retraining=getattr(request, "param", {}))
    yield project
    for execution in project.running():
        project.stop(execution)


class Retrained(Monitored):
    """`code` and `data` are the versions that production was released with."""

    def __init__(self, cloud: Cloud, role_arn: str, folder: Path, retraining: dict):
        super().__init__(cloud, role_arn, folder, retraining={"minimum_hours": 0, **retraining})
        self.create_pipeline()
        self.code, self.data = self.upload("source/source.zip", "code"), self.upload("data/data.zip", "first")
        self.released = self.start({"Code": self.code, "Data": self.data})
        self.sources(self.released)
        self.stop(self.released)
        self.release(self.released, self.data)

    def upload(self, key: str, content: str) -> str:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("content.txt", content)
        put = self.cloud.client("s3").put_object(Bucket=self.bucket, Key=key, Body=archive.getvalue())
        return put["VersionId"]

    def sources(self, execution: str) -> dict[str, str]:
        """The version that each source of the execution has read, once all have."""

        def read() -> dict[str, str]:
            revisions = self.execution(execution).get("artifactRevisions", [])
            return {each["name"]: each["revisionId"] for each in revisions}

        return until(lambda: (found := read()).keys() >= {"Code", "Data"} and found)

    def running(self) -> list[str]:
        return [each for each in self.executions() if self.execution(each)["status"] == "InProgress"]

    def hear(self) -> str:
        """A queue that gets what is published to the project's topic from now on."""
        delivery = Delivery(self.cloud, self.bucket, self.role_arn)
        queue, arn = delivery.queue(f"heard-{uuid4().hex[:8]}", "sns")
        topic = f"arn:aws:sns:us-east-1:000000000000:{self.project}"
        self.cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return queue

    def heard(self, queue: str) -> str:
        """The message that the queue has got."""
        [message] = until(lambda: self.cloud.client("sqs").receive_message(QueueUrl=queue).get("Messages"))
        return json.loads(message["Body"])["Message"]

    def retrain(self, source: str) -> dict:
        run = self.run("retraining", {"source": source, "id": str(uuid4())})
        assert run["status"] == "SUCCEEDED", run
        return json.loads(run["output"])

    def refusal(self, source: str = "aws.cloudwatch") -> str:
        queue = self.hear()
        output = self.retrain(source)
        assert output["Started"] is False, output
        assert output["Refusal"] in self.heard(queue)
        return output["Refusal"]


def test_drift_starts_an_execution_of_productions_code_with_the_newest_data_once(made: Retrained) -> None:
    newest = made.upload("data/data.zip", "second")
    output = made.retrain("aws.cloudwatch")
    assert (output["Started"], output["Trigger"]) == (True, "drift")
    assert made.sources(output["Execution"]) == {"Code": made.code, "Data": newest}
    variables = {each["name"]: each["resolvedValue"] for each in made.execution(output["Execution"])["variables"]}
    assert (variables["CommitId"], variables["HyperParameters"]) == ("1a2b3c4d", '{"max_depth": "4"}')
    assert (variables["Trigger"], variables["StartedBy"]) == ("drift", f"{made.project}-retraining")
    assert made.refusal() == f"the execution {output['Execution']} is running"
    made.stop(output["Execution"])
    assert "was started with the newest data" in made.refusal()
    assert made.executions() == [output["Execution"], made.released]


def test_data_that_production_was_trained_with_start_nothing(made: Retrained) -> None:
    assert "are those that production was trained with" in made.refusal()


@pytest.mark.parametrize("made", [{"minimum_hours": 24}], indirect=True)
def test_two_retrainings_are_some_hours_apart(made: Retrained) -> None:
    made.upload("data/data.zip", "second")
    first = made.retrain("aws.events")
    assert first["Trigger"] == "schedule"
    made.sources(first["Execution"])
    made.stop(first["Execution"])
    made.upload("data/data.zip", "third")
    assert "began 0 hours ago, less than retraining.minimum_hours" in made.refusal()


@pytest.mark.parametrize("made", [{"on_drift": False}], indirect=True)
def test_drift_starts_nothing_where_it_is_off(made: Retrained) -> None:
    made.upload("data/data.zip", "second")
    assert made.refusal() == "retraining.on_drift in configuration/monitoring.yml is false"


@pytest.mark.parametrize("made", [{"on_data": True}], indirect=True)
def test_new_data_start_an_execution_where_they_may(made: Retrained) -> None:
    made.upload("data/data.zip", "second")
    [started, _] = until(lambda: len(found := made.executions()) > 1 and found)
    variables = until(lambda: made.execution(started).get("variables"))
    assert {"name": "Trigger", "resolvedValue": "data"} in variables


def test_captured_drift_rings_the_alarm_and_newer_data_then_start_one_execution(cloud: Cloud, made: Retrained) -> None:
    queue = made.hear()
    made.capture("drifted", "fine", "drifted")
    until(lambda: made.monitor()["Jobs"])
    assert made.metric("Violations") == 2
    messages = "".join(made.heard(queue) for _ in range(2))
    assert f"{made.project}-monitoring-drift" in messages
    assert "are those that production was trained with" in messages
    assert made.executions() == [made.released]
    newest = made.upload("data/data.zip", "second")
    [started, _] = until(lambda: len(found := made.executions()) > 1 and found)
    assert made.sources(started)["Data"] == newest
    assert {"name": "Trigger", "resolvedValue": "drift"} in made.execution(started)["variables"]
