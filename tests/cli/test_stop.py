"""`mlops stop`: an execution ends with everything that it has started."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import small_pipeline
from waiting import until

from mlops.aws import executions, log_locations, stopping
from mlops.aws.executions import IN_PROGRESS, Action, Execution, Stage
from mlops.aws.session import Session
from mlops.errors import PipelineError
from mlops.names import Names


@pytest.fixture
def pipeline(session: Session, names: Names, repository: Path) -> None:
    small_pipeline.create(session, names, repository)


@pytest.fixture
def start(pipeline: None, mlops) -> Callable[..., str]:
    return partial(small_pipeline.start, mlops)


def test_a_running_build_is_stopped_with_its_execution(start, mlops, session: Session, names: Names, repository: Path):
    (repository / "check.sh").write_text("sleep 3600\n")
    execution = start()

    def building() -> Action | None:
        actions = executions.read(session, names.pipeline, execution).actions
        return next((each for each in actions if each.name == "QA" and each.external_id), None)

    action = until(building)
    stopped = mlops("stop", "--reason", "the wrong data")
    assert stopped.exit_code == 0, stopped.output
    assert f"Execution {execution} has ended as Stopped." in stopped.output
    assert log_locations.build_of(session, action)["buildStatus"] == "STOPPED"
    assert "the wrong data" in executions.read(session, names.pipeline, execution).status_summary
    watched = mlops("watch", execution)
    assert watched.exit_code == 1
    assert re.search("The execution ended as Stopped: .*the wrong data", watched.output)
    status = mlops("status").output
    assert re.search(r"QA +stopped +[\d.:]+( s)? *\n", status), status
    assert re.search("\nThe execution ended as Stopped: stopped by .*, the wrong data\n", status)
    shown = mlops("show", execution[:8]).output
    assert f"Execution {execution}: stopped\n" in shown and re.search("stop +stopped by .*, the wrong data\n", shown)
    assert re.search(r":\d\d stopped by .*, the wrong data\n", mlops("history", "--all").output)


def test_an_execution_that_waits_for_approval_is_stopped_at_once(start, mlops, session: Session, names: Names):
    execution = start()
    mlops("watch", "--until-approval")
    assert mlops("stop", execution[:8], "--reason", "too early").exit_code == 0
    stopped = executions.read(session, names.pipeline, execution)
    assert stopped.status == "Stopped"
    without_summary = replace(stopped, status_summary="")
    assert executions.stop_reason(session, without_summary).endswith(", too early"), "AWS documents the list to have it"
    again = mlops("stop", execution)
    assert (again.exit_code, "has ended already: it is Stopped" in again.output) == (2, True)
    nothing = mlops("stop")
    assert (nothing.exit_code, "No execution runs" in nothing.output) == (2, True)


def test_of_several_executions_the_one_to_stop_must_be_named(start, mlops):
    first = start()
    mlops("watch", "--until-approval")
    second = start("--set", "max_depth=3")
    result = mlops("stop")
    assert result.exit_code == 2
    assert f"newest first:\n  {second}\n  {first}" in result.output
    assert mlops("stop", second).exit_code == 0
    assert mlops("stop").exit_code == 0


def test_a_state_machine_is_stopped_with_the_action_that_runs_it(session: Session, names: Names):
    iam, states = session.client("iam"), session.client("stepfunctions")
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=f"{names.project}-states", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    waiting = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    machine = states.create_state_machine(name=names.project, definition=json.dumps(waiting), roleArn=role)
    running = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    stopping.end_running(session, execution_in("Train", "StepFunctions", running), "the wrong data")
    ended = until(lambda: (found := states.describe_execution(executionArn=running))["status"] != "RUNNING" and found)
    assert ended["status"] == "ABORTED"


def test_an_execution_that_changes_production_is_not_stopped(session: Session, names: Names, monkeypatch):
    execution = execution_in("Production", "CloudFormation", "")
    monkeypatch.setattr(executions, "read", lambda *_: execution)
    with pytest.raises(PipelineError, match=r"is in Production/Run and changes production.*mlops rollback"):
        stopping.begin(session, names, execution.id, "")


def execution_in(stage: str, provider: str, external_id: str) -> Execution:
    """An execution whose one action runs."""
    action = Action(stage, "Run", "Invoke", provider, state=IN_PROGRESS, external_id=external_id)
    return Execution("demo", "1a2b3c4d", "InProgress", "", {}, {}, "", (Stage(stage, (action,)),))
