"""The state machine of the approval: what it records, marks and deletes."""

from __future__ import annotations

from typing import Any

import pytest
from releases import LINEAGE
from statemachines import evaluate, machine, texts

from mlops.aws.deployments import Deployment
from mlops.names import decision_key, deployment_key, qa_key, short

TIME = "2026-11-21T12:00:00Z"


def decided(state: str, packages: dict[str, dict[str, str]], stage: str = "Approve") -> dict[str, Any]:
    """The variables and the next state after the search for the package among packages with this metadata."""
    states = machine("decision.asl.json")["States"]
    listed = {"ModelPackageSummaryList": [{"ModelPackageArn": arn} for arn in packages]}
    event = {"time": TIME, "detail": {"execution-id": LINEAGE["execution"], "stage": stage, "state": state}}
    variables: dict[str, Any] = {}
    current, result = "ListModelPackages", listed
    while current in ("ListModelPackages", "HasNextPackage", "DescribeModelPackage", "IsPackageOurs"):
        definition = states[current]
        if definition["Type"] == "Choice":
            (choice,) = definition["Choices"]
            current = choice["Next"] if evaluate(choice["Condition"], **variables) is True else definition["Default"]
            continue
        if current == "DescribeModelPackage":
            arn = evaluate(definition["Arguments"]["ModelPackageName"], **variables)
            result = {"ModelPackageArn": arn, "CustomerMetadataProperties": packages[arn]}
        variables |= {
            name: evaluate(text, states={"input": event, "result": result}, **variables)
            if isinstance(text, str)
            else text
            for name, text in definition["Assign"].items()
        }
        current = definition["Next"]
    return {**variables, "state": current}


def following(choice: str, variables: dict[str, Any]) -> str:
    """The state after a Choice of the decision."""
    definition = machine("decision.asl.json")["States"][choice]
    taken = [each["Next"] for each in definition["Choices"] if evaluate(each["Condition"], **variables) is True]
    return taken[0] if taken else definition["Default"]


def answered(run: dict[str, Any], state: str = "SUCCEEDED") -> dict[str, Any]:
    """The arguments of RecordAnswer and of MarkModelPackage after this run of the approval."""
    states = machine("decision.asl.json")["States"]
    variables = decided(state, {"arn:1": LINEAGE})
    runs = [
        {"StageName": "Test", "ActionName": "QA", "UpdatedBy": "x"},
        {"StageName": "Approve", "ActionName": "Release"} | run,
    ]
    read = {"result": {"ActionExecutionDetails": runs}}
    variables["answer"] = evaluate(states["ReadAnswer"]["Assign"]["answer"], states=read, **variables)
    record = {name: evaluate(text, **variables) for name, text in texts(states["RecordAnswer"])}
    variables["marks"] = evaluate(states["RecordAnswer"]["Assign"]["marks"], **variables)
    return {"record": record, "package": evaluate(states["MarkModelPackage"]["Arguments"], **variables)}


def test_the_answer_is_kept_in_its_own_words_and_marks_the_package():
    comment = "looks right,\n „viel“ besser"
    approver = "arn:aws:sts::123456789012:assumed-role/taxi-github-approve/octo,cat"
    outcome = answered({"UpdatedBy": approver, "Output": {"ExecutionResult": {"ExternalExecutionSummary": comment}}})
    execution = LINEAGE["execution"]
    assert outcome["record"] == {
        "Key": decision_key(execution),
        "Body": {
            "execution_id": execution,
            "approved": True,
            "time": TIME,
            "approver": approver,
            "comment": comment,
        },
    }
    assert outcome["package"] == {
        "ModelPackageArn": "arn:1",
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "looks right, „viel“ besser",
        "CustomerMetadataProperties": {
            "decision": f"s3://${{Bucket}}/{decision_key(execution)}",
            "qa": f"s3://${{Bucket}}/{qa_key(execution)}",
            # SageMaker allows no comma there.
            "approver": approver.replace(",", " "),
        },
    }


def test_an_approval_that_timed_out_has_no_author():
    outcome = answered({}, "FAILED")
    assert (outcome["record"]["Body"]["approver"], outcome["record"]["Body"]["comment"]) == ("", "")
    assert "approver" not in outcome["package"]["CustomerMetadataProperties"]
    assert outcome["package"]["ModelApprovalStatus"] == "Rejected"


@pytest.mark.parametrize(
    ("stage", "state", "expected"),
    [
        ("Production", "SUCCEEDED", "RecordDeployment"),
        ("Production", "FAILED", "DescribeTestStack"),
        ("Approve", "SUCCEEDED", "DescribeTestStack"),
    ],
)
def test_only_a_deployment_to_production_is_logged(stage, state, expected):
    variables = decided(state, {"arn:1": LINEAGE}, stage)
    assert following("IsDeployed", variables) == expected


def test_a_deployment_is_logged_by_its_event_alone():
    task = machine("decision.asl.json")["States"]["RecordDeployment"]
    variables = decided("SUCCEEDED", {"arn:1": LINEAGE}, "Production")
    arguments = {name: evaluate(text, **variables) for name, text in texts(task)}
    assert arguments["Key"] == deployment_key(TIME, LINEAGE["execution"])
    assert Deployment(**arguments["Body"]) == Deployment(LINEAGE["execution"], TIME, "release")


def test_a_deployment_is_published_at_the_time_of_its_event_under_the_short_id():
    task = machine("decision.asl.json")["States"]["PublishDeployment"]
    assert machine("decision.asl.json")["States"]["RecordDeployment"]["Next"] == "PublishDeployment"
    variables = decided("SUCCEEDED", {"arn:1": LINEAGE}, "Production")
    [metric] = task["Arguments"]["MetricData"]
    [dimension] = metric["Dimensions"]
    assert evaluate(metric["Timestamp"], **variables) == TIME
    assert evaluate(dimension["Value"], **variables) == short(LINEAGE["execution"])


def test_the_decision_marks_the_package_whose_metadata_names_its_execution():
    packages = {"arn:3": LINEAGE | {"execution": "9f9f"}, "arn:2": {}, "arn:1": LINEAGE, "arn:0": {}}
    outcome = decided("SUCCEEDED", packages)
    assert (outcome["state"], outcome["package"], outcome["approved"]) == ("IsAnswered", "arn:1", True)
    assert decided("FAILED", packages)["approved"] is False


@pytest.mark.parametrize(
    ("stage", "state", "failed"),
    [("Production", "FAILED", True), ("Production", "SUCCEEDED", False), ("Approve", "FAILED", False)],
)
def test_only_a_failed_deployment_counts_as_failed(stage, state, failed):
    assert decided(state, {}, stage)["failed"] is failed


@pytest.mark.parametrize("packages", [{}, {"arn:3": {"execution": "another"}}, {"arn:3": {}, "arn:2": {}}])
def test_a_decision_without_a_package_still_deletes_the_test_stack(packages):
    outcome = decided("ABANDONED", packages)
    assert outcome["state"] == "IsDeployed"
    assert following("IsDeployed", outcome) == "DescribeTestStack"


def test_a_test_stack_of_another_execution_is_not_deleted():
    states = machine("decision.asl.json")["States"]
    outputs = [{"OutputKey": "ExecutionId", "OutputValue": "9f9f"}]
    stack = {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Outputs": outputs}]}
    owner = evaluate(states["DescribeTestStack"]["Assign"]["owner"], states={"result": stack})
    ours = states["IsOurs"]["Choices"][0]["Condition"]
    assert evaluate(ours, owner=owner, execution="1a2b") is False
    assert evaluate(ours, owner=owner, execution="9f9f") is True
    assert evaluate(states["DescribeTestStack"]["Assign"]["owner"], states={"result": {"Stacks": [{}]}}) is None


def test_only_a_deleted_test_stack_ends_the_decision_successfully():
    condition = machine("decision.asl.json")["States"]["IsGone"]["Choices"][0]["Condition"]
    gone = {"Cause": "Stack with id taxi-fares-test does not exist"}
    assert evaluate(condition, failure=gone) is True
    assert evaluate(condition, failure={"Cause": "User is not authorized"}) is False


@pytest.mark.parametrize(
    ("status", "owner"),
    [("UPDATE_COMPLETE", "first"), ("UPDATE_IN_PROGRESS", None), ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None)],
)
def test_the_test_stack_is_left_to_an_execution_that_is_updating_it(status: str, owner: str | None) -> None:
    text = machine("decision.asl.json")["States"]["DescribeTestStack"]["Assign"]["owner"]
    outputs = [{"OutputKey": "EndpointName", "OutputValue": "x"}, {"OutputKey": "ExecutionId", "OutputValue": "first"}]
    stack = {"StackStatus": status, "Outputs": outputs}
    assert evaluate(text, states={"result": {"Stacks": [stack]}}) == owner
