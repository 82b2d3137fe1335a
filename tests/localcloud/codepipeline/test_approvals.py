"""Manual approvals: requested, answered, refused, and timed out."""

import json
import threading
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from delivery import Delivery
from waiting import until

from mlops.localcloud.codepipeline.actions import manual_approval
from mlops.localcloud.codepipeline.actions.provider import Action, ActionFailed
from mlops.localcloud.codepipeline.records import ActionExecution, Pipeline


def test_a_rejection_fails_the_stage_and_keeps_the_comment(delivery: Delivery) -> None:
    name = delivery.create("rejected", {"Approve": [delivery.approval()], "After": [delivery.approval("After")]})
    execution_id = delivery.start(name)
    delivery.answer(name, "Rejected", delivery.token(name), "the error grew by a dollar")
    assert delivery.ended(name, execution_id)["status"] == "Failed"
    run = delivery.last_run(name, execution_id, "Release")
    assert run["status"] == "Failed"
    assert run["updatedBy"] == "arn:aws:iam::000000000000:user/administrator"
    result = run["output"]["executionResult"]
    assert result["externalExecutionSummary"] == "the error grew by a dollar"
    assert "errorDetails" not in result
    [state] = delivery.stage(name, "Approve")["actionStates"]
    assert state["latestExecution"]["summary"] == "the error grew by a dollar"
    assert "token" not in state["latestExecution"]
    assert "latestExecution" not in delivery.stage(name, "After")


def test_an_approval_is_answered_once_and_under_its_token(delivery: Delivery) -> None:
    name = delivery.create("once", {"Approve": [delivery.approval()], "After": [delivery.approval()]})
    execution_id = delivery.start(name)
    token = delivery.token(name)
    with pytest.raises(ClientError, match="InvalidApprovalTokenException"):
        delivery.answer(name, "Approved", "00000000-0000-0000-0000-000000000000")
    with pytest.raises(ClientError, match="InvalidApprovalTokenException"):
        delivery.answer(name, "Approved", token, stage="After")
    with pytest.raises(ClientError, match="StageNotFoundException"):
        delivery.answer(name, "Approved", token, stage="Absent")
    delivery.answer(name, "Approved", token)
    with pytest.raises(ClientError, match="ApprovalAlreadyCompletedException"):
        delivery.answer(name, "Rejected", token)
    delivery.answer(name, "Approved", delivery.token(name, "After"), stage="After")
    assert delivery.ended(name, execution_id)["status"] == "Succeeded"


def test_the_request_is_published_to_the_topic(delivery: Delivery) -> None:
    sns, sqs = delivery.cloud.client("sns"), delivery.cloud.client("sqs")
    topic = sns.create_topic(Name="approvals")["TopicArn"]
    queue, arn = delivery.queue("approvals", "sns")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    settings = {
        "NotificationArn": topic,
        "CustomData": "Figures of #{codepipeline.PipelineExecutionId}",
        "ExternalEntityLink": "https://example.org/report",
    }
    name = delivery.create("notified", {"Approve": [delivery.approval(configuration=settings)]})
    execution_id = delivery.start(name)
    token = delivery.token(name)
    [message] = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    published = json.loads(message["Body"])
    assert published["Subject"] == "APPROVAL NEEDED: AWS CodePipeline notified for action Release"
    notification = json.loads(published["Message"])
    assert notification["region"] == "us-east-1"
    approval = notification["approval"]
    assert (approval["pipelineName"], approval["stageName"], approval["actionName"]) == (
        name,
        "Approve",
        "Release",
    )
    assert approval["token"] == token
    assert approval["customData"] == f"Figures of {execution_id}"
    assert approval["externalEntityLink"] == "https://example.org/report"
    assert token in approval["approvalReviewLink"]
    delivery.answer(name, "Approved", token)
    assert delivery.ended(name, execution_id)["status"] == "Succeeded"


def test_missing_topic_fails_the_approval(delivery: Delivery) -> None:
    settings = {"NotificationArn": "arn:aws:sns:us-east-1:000000000000:absent"}
    name = delivery.create("no-topic", {"Approve": [delivery.approval(configuration=settings)]})
    execution_id, status = delivery.run(name)
    assert status == "Failed"
    assert "Publish" in delivery.result(name, execution_id, "Release")["errorDetails"]["message"]


def test_unanswered_approval_fails_after_its_timeout() -> None:
    with pytest.raises(ActionFailed, match="not answered within 0 minutes"):
        manual_approval.await_answer(waiting_action(), seconds=0.01)


def test_an_answer_in_time_ends_the_waiting() -> None:
    action = waiting_action()

    def answer() -> None:
        action.show(decision="Approved")

    threading.Timer(0.05, answer).start()
    manual_approval.await_answer(action, seconds=30)
    assert action.record.decision == "Approved"


def waiting_action() -> Action:
    """An approval under way, without a cloud around it."""
    record = ActionExecution("Approve", Delivery.action("Release", "Approval", "Manual"))
    return Action(Pipeline({"name": "alone"}), SimpleNamespace(id="one"), record)
