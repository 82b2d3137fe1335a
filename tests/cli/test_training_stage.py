"""Stopping and retrying an execution while a state machine trains, on a small pipeline in the local cloud."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import small_pipeline
from small_pipeline import start
from waiting import until

from mlops.aws import executions
from mlops.aws.executions import Action, Execution
from mlops.aws.session import Session
from mlops.names import Names

FOR_AN_HOUR = {"Train": {"Type": "Wait", "Seconds": 3600, "End": True}}
IN_USE = {"Train": {"Type": "Fail", "Error": "SageMaker.ResourceInUseException", "Cause": "the job exists"}}


@pytest.fixture
def training(session: Session, names: Names, repository: Path) -> Callable[[dict], None]:
    """Makes the pipeline train with these states between its sources and its test."""

    def train(states: dict) -> None:
        small_pipeline.create(session, names, repository)
        trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = session.client("iam").create_role(RoleName=f"{names.project}-m", AssumeRolePolicyDocument=document)
        machine = session.client("stepfunctions").create_state_machine(
            name=f"{names.project}-train",
            roleArn=role["Role"]["Arn"],
            definition=json.dumps({"StartAt": "Train", "States": states}),
        )
        client = session.client("codepipeline")
        pipeline = client.get_pipeline(name=names.pipeline)["pipeline"]
        kind = {"category": "Invoke", "owner": "AWS", "provider": "StepFunctions", "version": "1"}
        configuration = {"StateMachineArn": machine["stateMachineArn"]}
        action = {"name": "Train", "actionTypeId": kind, "configuration": configuration}
        pipeline["stages"].insert(1, {"name": "Train", "actions": [action]})
        client.update_pipeline(pipeline=pipeline)

    return train


def train_of(execution: Execution) -> Action:
    return next(action for action in execution.actions if action.path == "Train/Train")


def is_training(session: Session, names: Names, execution: str) -> str | None:
    """The state machine's execution, once it has begun."""
    action = train_of(executions.read(session, names.pipeline, execution))
    return action.external_id if action.state == executions.IN_PROGRESS else None


def test_superseding_an_execution_stops_its_training(mlops, session: Session, names: Names, training):
    training(FOR_AN_HOUR)
    first = start(mlops)
    machine = until(lambda: is_training(session, names, first))
    second = start(mlops, "--supersede", "--hyperparameters", '{"max_depth": 3}')
    described = session.client("stepfunctions").describe_execution(executionArn=machine)
    assert described["status"] == "ABORTED"
    until(lambda: executions.read(session, names.pipeline, first).finished)
    until(lambda: is_training(session, names, second))


def test_a_retried_training_says_to_start_a_new_execution(mlops, session: Session, names: Names, training):
    training(IN_USE)
    execution = start(mlops)
    before = mlops("watch", execution)
    assert before.exit_code == 1
    assert "Start a new execution" not in before.output
    session.client("codepipeline").retry_stage_execution(
        pipelineName=names.pipeline, stageName="Train", pipelineExecutionId=execution, retryMode="FAILED_ACTIONS"
    )
    after = mlops("watch", execution)
    assert after.exit_code == 1
    assert (
        "the job exists (SageMaker.ResourceInUseException). CodePipeline's retry of this stage cannot" in after.output
    )
    assert "Start a new execution instead: mlops start" in after.output
