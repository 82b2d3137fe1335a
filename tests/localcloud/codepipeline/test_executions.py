"""Executions that are retried, stopped, queued, superseded or parallel."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from delivery import Delivery
from waiting import until


def test_a_failed_stage_is_retried_from_its_failed_actions(delivery: Delivery) -> None:
    # What the first attempt leaves in the bucket lets the second one succeed.
    command = (
        "import boto3; s3 = boto3.client('s3'); "
        f"seen = s3.list_objects_v2(Bucket='{delivery.bucket}', Prefix='retry/seen')['KeyCount']; "
        f"s3.put_object(Bucket='{delivery.bucket}', Key='retry/seen', Body=b''); "
        "raise SystemExit(0 if seen else 'not yet')"
    )
    stage = [
        delivery.build("retry", "Fine", "true"),
        delivery.build("retry", "Flaky", f'python -c "{command}"'),
    ]
    name = delivery.create("retry", {"Build": stage, "Approve": [delivery.approval()]})
    execution_id, status = delivery.run(name)
    assert status == "Failed"
    retry(delivery, name, execution_id, "FAILED_ACTIONS")
    delivery.answer(name, "Approved", delivery.token(name))
    assert delivery.ended(name, execution_id)["status"] == "Succeeded"
    names = [run["actionName"] for run in delivery.runs(name, execution_id)]
    assert (names.count("Fine"), names.count("Flaky")) == (1, 2)


def test_a_stage_can_be_retried_with_all_of_its_actions(delivery: Delivery) -> None:
    stage = [delivery.build("again", "Fine", "true"), delivery.build("again", "Breaks", "false")]
    name = delivery.create("again", {"Build": stage})
    execution_id, _ = delivery.run(name)
    retry(delivery, name, execution_id, "ALL_ACTIONS")
    assert delivery.ended(name, execution_id)["status"] == "Failed"
    names = [run["actionName"] for run in delivery.runs(name, execution_id)]
    assert (names.count("Fine"), names.count("Breaks")) == (2, 2)


def test_only_the_latest_failed_execution_of_a_stage_can_be_retried(delivery: Delivery) -> None:
    name = delivery.create("latest", {"Build": [delivery.build("latest", "Breaks", "false")]})
    first, _ = delivery.run(name)
    second, _ = delivery.run(name)
    with pytest.raises(ClientError, match="NotLatestPipelineExecutionException"):
        retry(delivery, name, first, "FAILED_ACTIONS")
    with pytest.raises(ClientError, match="StageNotRetryableException"):
        retry(delivery, name, second, "FAILED_ACTIONS", stage="Source")
    with pytest.raises(ClientError, match="StageNotFoundException"):
        retry(delivery, name, second, "FAILED_ACTIONS", stage="Absent")


def test_stopping_waits_for_the_action_in_progress(delivery: Delivery) -> None:
    name = delivery.create("stops", {"Approve": [delivery.approval()], "Last": [delivery.approval("Last")]})
    execution_id = delivery.start(name)
    token = delivery.token(name)
    stop(delivery, name, execution_id, reason="wrong release")
    assert delivery.execution(name, execution_id)["status"] == "Stopping"
    assert delivery.stage(name, "Approve")["latestExecution"]["status"] == "Stopping"
    with pytest.raises(ClientError, match="DuplicatedStopRequestException"):
        stop(delivery, name, execution_id)
    delivery.answer(name, "Approved", token)
    ended = delivery.ended(name, execution_id)
    assert (ended["status"], ended["statusSummary"]) == ("Stopped", "wrong release")
    assert "latestExecution" not in delivery.stage(name, "Last")
    with pytest.raises(ClientError, match="PipelineExecutionNotStoppableException"):
        stop(delivery, name, execution_id)


def test_an_abandoned_execution_stops_at_once_and_can_be_retried(delivery: Delivery) -> None:
    name = delivery.create("abandons", {"Approve": [delivery.approval()]})
    execution_id = delivery.start(name)
    token = delivery.token(name)
    stop(delivery, name, execution_id, abandon=True)
    assert delivery.ended(name, execution_id)["status"] == "Stopped"
    assert delivery.last_run(name, execution_id, "Release")["status"] == "Abandoned"
    assert delivery.stage(name, "Approve")["latestExecution"]["status"] == "Stopped"
    retry(delivery, name, execution_id, "FAILED_ACTIONS", stage="Approve")
    delivery.answer(name, "Approved", delivery.token(name, other_than=token))
    assert delivery.ended(name, execution_id)["status"] == "Succeeded"


def test_queued_executions_enter_a_stage_in_their_order(delivery: Delivery) -> None:
    name = delivery.create("queued", {"Approve": [delivery.approval()]})
    first = delivery.start(name)
    token = delivery.token(name)
    others = []
    for count in (1, 2):
        others.append(delivery.start(name))
        until(lambda count=count: len(inbound(delivery, name)) == count)
    assert inbound(delivery, name) == others
    for execution_id in (first, *others):
        delivery.answer(name, "Approved", token)
        assert delivery.ended(name, execution_id)["status"] == "Succeeded"
        if execution_id != others[-1]:
            token = delivery.token(name, other_than=token)
    summaries = delivery.pipelines.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"]
    assert [summary["pipelineExecutionId"] for summary in summaries] == [*others[::-1], first]


def test_a_queued_execution_that_waits_can_be_stopped(delivery: Delivery) -> None:
    name = delivery.create("stop-queued", {"Approve": [delivery.approval()]})
    first = delivery.start(name)
    token = delivery.token(name)
    second = delivery.start(name)
    until(lambda: inbound(delivery, name) == [second])
    stop(delivery, name, second)
    assert delivery.ended(name, second)["status"] == "Stopped"
    delivery.answer(name, "Approved", token)
    assert delivery.ended(name, first)["status"] == "Succeeded"


def test_a_later_execution_supersedes_one_that_waits(delivery: Delivery) -> None:
    name = delivery.create("superseded", {"Approve": [delivery.approval()]}, executionMode="SUPERSEDED")
    first = delivery.start(name)
    token = delivery.token(name)
    second = delivery.start(name)
    until(lambda: inbound(delivery, name) == [second])
    third = delivery.start(name)
    assert delivery.ended(name, second)["status"] == "Superseded"
    delivery.answer(name, "Approved", token)
    assert delivery.ended(name, first)["status"] == "Succeeded"
    delivery.answer(name, "Approved", delivery.token(name, other_than=token))
    assert delivery.ended(name, third)["status"] == "Succeeded"


def test_parallel_executions_do_not_wait_for_each_other(delivery: Delivery) -> None:
    name = delivery.create("parallel", {"Approve": [delivery.approval()]}, executionMode="PARALLEL")
    executions = [delivery.start(name), delivery.start(name)]
    for execution_id in executions:
        delivery.answer(name, "Approved", delivery.external_id(name, execution_id, "Release"))
    assert {delivery.ended(name, execution_id)["status"] for execution_id in executions} == {"Succeeded"}


def inbound(delivery: Delivery, name: str) -> list[str]:
    """Executions that wait in front of the approval."""
    return [waiting["pipelineExecutionId"] for waiting in delivery.stage(name, "Approve")["inboundExecutions"]]


def retry(delivery: Delivery, name: str, execution_id: str, mode: str, stage: str = "Build") -> None:
    """Retry a stage of an execution."""
    delivery.pipelines.retry_stage_execution(
        pipelineName=name, pipelineExecutionId=execution_id, stageName=stage, retryMode=mode
    )


def stop(delivery: Delivery, name: str, execution_id: str, **request: Any) -> None:
    """Stop an execution."""
    delivery.pipelines.stop_pipeline_execution(pipelineName=name, pipelineExecutionId=execution_id, **request)
