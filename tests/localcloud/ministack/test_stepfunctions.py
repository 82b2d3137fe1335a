"""Definitions of state machines are refused where they are given, and executions start and end as on AWS."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.config import Config
from harness import REPOSITORY, Cloud
from machines import ended
from stacks import failure

END = {"Type": "Pass", "End": True}
CALL = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {}, "End": True}


def machine(**states: dict) -> str:
    """A definition that starts at state A."""
    return json.dumps({"StartAt": "A", "States": states})


JSONATA = {"QueryLanguage": "JSONata", "StartAt": "A"}
BROKEN = {
    "not JSON": ("{garbage", "INVALID_JSON_DESCRIPTION"),
    "a list": ("[]", "INVALID_JSON_DESCRIPTION"),
    "no start": (json.dumps({"States": {"A": END}}), "StartAt"),
    "a type that does not exist": (machine(A={"Type": "Bogus", "End": True}), "Bogus"),
    "a missing next state": (machine(A={"Type": "Pass", "Next": "B"}), '"B"'),
    "a missing state of a catch": (machine(A={**CALL, "Catch": [{"ErrorEquals": ["x"], "Next": "C"}]}), '"C"'),
    "no end": (machine(A={"Type": "Pass"}), "Next"),
    "an unknown field": (machine(A={**END, "Nonsense": 1}), "Nonsense"),
    "an unreachable state": (machine(A=END, B=END), "State Machine.B"),
    "an unknown service": (machine(A={**CALL, "Resource": "arn:aws:states:::nothing:atAll"}), "nothing:atAll"),
    "a job that is not run": (
        machine(A={**CALL, "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync"}),
        "createTransformJob.sync is not recognized",
    ),
    "an unknown action": (machine(A={**CALL, "Resource": "arn:aws:states:::aws-sdk:s3:flyAway"}), "s3:flyAway"),
    "an unknown service of an SDK": (machine(A={**CALL, "Resource": "arn:aws:states:::aws-sdk:nosuch:do"}), "nosuch"),
    "JSONata that cannot be read": (
        json.dumps({**JSONATA, "States": {"A": {**END, "Output": "{% $sum( %}"}}}),
        "INVALID_JSONATA_EXPRESSION",
    ),
    "JSONPath in JSONata": (
        json.dumps({**JSONATA, "States": {"A": {**END, "ResultPath": "$.x"}}}),
        "ResultPath",
    ),
    "a fault in a branch": (
        machine(A={"Type": "Parallel", "End": True, "Branches": [{"StartAt": "Z", "States": {"B": END}}]}),
        "Branches[0].B",
    ),
}


@pytest.fixture
def arn(cloud: Cloud, role_arn: str) -> str:
    """A state machine that waits until it is stopped."""
    definition = machine(A={"Type": "Wait", "Seconds": 3600, "End": True})
    return create(cloud, role_arn, definition)


@pytest.fixture
def express(cloud: Cloud, role_arn: str) -> Iterator[str]:
    yield create(cloud, role_arn, machine(A=END), type="EXPRESS")


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_definition_is_refused_where_it_is_given(cloud: Cloud, role_arn: str, arn: str, fault: str) -> None:
    definition, named = BROKEN[fault]
    client = cloud.client("stepfunctions")
    with pytest.raises(client.exceptions.InvalidDefinition) as created:
        client.create_state_machine(name="broken", roleArn=role_arn, definition=definition)
    with pytest.raises(client.exceptions.InvalidDefinition) as updated:
        client.update_state_machine(stateMachineArn=arn, definition=definition)
    found = client.validate_state_machine_definition(definition=definition)
    assert found["result"] == "FAIL"
    assert all(each["severity"] == "ERROR" and each["code"].isupper() for each in found["diagnostics"])
    for text in (str(created.value), str(updated.value), json.dumps(found).replace('\\"', '"')):
        assert named in text


def test_a_broken_definition_fails_its_resource(cloud: Cloud, role_arn: str) -> None:
    properties = {
        "RoleArn": role_arn,
        "DefinitionString": machine(A={"Type": "Pass", "Next": "${next}"}),
        "DefinitionSubstitutions": {"next": "Nowhere"},
    }
    assert 'No state found named "Nowhere"' in failure(cloud, "AWS::StepFunctions::StateMachine", properties)


@pytest.mark.parametrize("path", sorted((REPOSITORY / "infra").glob("*.asl.json")), ids=lambda path: path.name)
def test_the_definitions_of_the_repository_are_valid(cloud: Cloud, path: Path) -> None:
    found = cloud.client("stepfunctions").validate_state_machine_definition(
        definition=re.sub(r"\$\{(\w+)\}", lambda name: "aws" if name[1] == "Partition" else name[1], path.read_text())
    )
    assert found["diagnostics"] == []
    assert found["result"] == "OK"


def test_input_that_is_not_json_is_refused(cloud: Cloud, arn: str, express: str) -> None:
    client = cloud.client("stepfunctions", config=Config(inject_host_prefix=False))
    for start, machine_arn in ((client.start_execution, arn), (client.start_sync_execution, express)):
        with pytest.raises(client.exceptions.InvalidExecutionInput):
            start(stateMachineArn=machine_arn, input="{bad")


def test_start_execution_is_idempotent(cloud: Cloud, arn: str) -> None:
    client = cloud.client("stepfunctions")
    first = client.start_execution(stateMachineArn=arn, name="once", input='{"a": 1}')
    again = client.start_execution(stateMachineArn=arn, name="once", input='{"a": 1}')
    assert again["executionArn"] == first["executionArn"]
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=arn, name="once", input='{"a": 2}')
    client.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=arn, name="once", input='{"a": 1}')


def test_operations_depend_on_the_type_of_the_state_machine(cloud: Cloud, arn: str, express: str) -> None:
    client = cloud.client("stepfunctions", config=Config(inject_host_prefix=False))
    with pytest.raises(client.exceptions.StateMachineTypeNotSupported):
        client.start_sync_execution(stateMachineArn=arn)
    with pytest.raises(client.exceptions.StateMachineTypeNotSupported):
        client.list_executions(stateMachineArn=express)
    execution = client.start_execution(stateMachineArn=express)["executionArn"]
    for ask in (client.describe_execution, client.get_execution_history):
        with pytest.raises(client.exceptions.InvalidArn):
            ask(executionArn=execution)


def test_failed_execution_has_the_error_of_its_state_and_no_output(cloud: Cloud, role_arn: str) -> None:
    client = cloud.client("stepfunctions")
    started = create(cloud, role_arn, machine(A={"Type": "Fail"}))
    described = ended(cloud, client.start_execution(stateMachineArn=started)["executionArn"])
    assert described["status"] == "FAILED"
    assert described.keys().isdisjoint({"output", "outputDetails", "error"})


def test_events_have_the_previous_event_and_tasks_their_service(cloud: Cloud, role_arn: str) -> None:
    client = cloud.client("stepfunctions")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:listStateMachines",
        "Parameters": {"MaxResults": 7},
        "ResultSelector": {},
        "Next": "B",
    }
    absent = {**task, "Resource": "arn:aws:states:::aws-sdk:sfn:describeStateMachine", "End": True}
    absent["Parameters"] = {"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:absent"}
    del absent["Next"]
    started = create(cloud, role_arn, machine(A=task, B=absent))
    execution = client.start_execution(stateMachineArn=started)["executionArn"]
    ended(cloud, execution)
    events = client.get_execution_history(executionArn=execution)["events"]
    assert [event["previousEventId"] for event in events] == list(range(len(events)))
    found = {event["type"]: event for event in events}
    called = {"resourceType": "aws-sdk:sfn", "resource": "listStateMachines"}
    scheduled = found["TaskScheduled"] if found["TaskScheduled"]["id"] < 4 else events[2]
    details = scheduled["taskScheduledEventDetails"]
    assert details == {**called, "region": "us-east-1", "parameters": '{"MaxResults": 7}'}
    assert events[3]["taskStartedEventDetails"] == called
    assert found["TaskSucceeded"]["taskSucceededEventDetails"].items() >= called.items()
    failed = found["TaskFailed"]["taskFailedEventDetails"]
    assert (failed["resourceType"], failed["resource"]) == ("aws-sdk:sfn", "describeStateMachine")


def test_previous_events_of_parallel_branches_are_their_own(cloud: Cloud, role_arn: str) -> None:
    client = cloud.client("stepfunctions")
    task = {**CALL, "Resource": "arn:aws:states:::aws-sdk:sfn:listActivities"}
    branches = [{"StartAt": name, "States": {name: task}} for name in ("B", "C")]
    started = create(cloud, role_arn, machine(A={"Type": "Parallel", "End": True, "Branches": branches}))
    execution = client.start_execution(stateMachineArn=started)["executionArn"]
    ended(cloud, execution)
    events = client.get_execution_history(executionArn=execution)["events"]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    entered = {
        event["id"]: event["stateEnteredEventDetails"]["name"]
        for event in events
        if event["type"] == "TaskStateEntered"
    }
    [parallel] = [event["id"] for event in events if event["type"] == "ParallelStateEntered"]
    assert [event["previousEventId"] for event in events if event["id"] in entered] == [parallel, parallel]
    scheduled = [event["previousEventId"] for event in events if event["type"] == "TaskScheduled"]
    assert sorted(entered[each] for each in scheduled) == ["B", "C"]
    left = [event["stateExitedEventDetails"]["name"] for event in events if event["type"] == "TaskStateExited"]
    assert sorted(left) == ["B", "C"]


def create(cloud: Cloud, role_arn: str, definition: str, **members: str) -> str:
    """A state machine of this test alone."""
    name = f"machine-{uuid4().hex[:8]}"
    request = {"name": name, "roleArn": role_arn, "definition": definition, **members}
    return cloud.client("stepfunctions").create_state_machine(**request)["stateMachineArn"]
