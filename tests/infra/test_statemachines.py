"""The state machines: their graphs, and the results of their expressions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonata
import pytest
from baking import REPOSITORY
from releases import LINEAGE

from mlops.aws.deployments import Deployment
from mlops.metrics import GROUPS
from mlops.names import decision_key, deployment_key, qa_key
from mlops.report import metrics as report_metrics

TIME = "2026-11-21T12:00:00Z"
FILES = ["statemachine.asl.json", "decision.asl.json", "monitoring.asl.json", "retraining.asl.json"]


def machine(file: str) -> dict[str, Any]:
    return json.loads((REPOSITORY / "infra" / file).read_text())


def machines_in(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine itself and the branches of its Parallel states."""
    yield definition
    for state in definition["States"].values():
        for branch in state.get("Branches", []):
            yield from machines_in(branch)


def targets(state: dict[str, Any]) -> set[str]:
    rules = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return {rule["Next"] for rule in rules if "Next" in rule} | ({state["Default"]} if "Default" in state else set())


def expressions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)
    elif isinstance(node, str) and node.startswith("{%"):
        yield node.removeprefix("{%").removesuffix("%}").strip()


def evaluate(text: str, **variables: Any) -> Any:
    """Evaluate a state's expression as Step Functions does, with variables alone in scope."""
    expression = jsonata.Jsonata(text.removeprefix("{%").removesuffix("%}").strip())
    expression.register_lambda("parse", json.loads)
    null = jsonata.utils.Utils.NULL_VALUE
    return expression.evaluate(None, {name: null if value is None else value for name, value in variables.items()})


@pytest.mark.parametrize("file", FILES)
def test_every_state_is_reached_and_has_a_next_state_or_ends(file):
    for each in machines_in(machine(file)):
        states = each["States"]
        reached = {each["StartAt"]}.union(*(targets(state) for state in states.values()))
        assert reached == states.keys()
        ends = {name for name, state in states.items() if not targets(state)}
        assert all(states[name].get("End") or states[name]["Type"] in ("Fail", "Succeed") for name in ends)


@pytest.mark.parametrize("file", FILES)
def test_every_expression_can_be_parsed(file):
    texts = list(expressions(machine(file)))
    assert texts
    for text in texts:
        jsonata.Jsonata(text)


@pytest.mark.parametrize(
    ("file", "filled_in"),
    [
        ("statemachine.asl.json", {"Partition"}),
        ("decision.asl.json", {"Partition", "ModelPackageGroup", "TestStack", "ProductionStack", "Pipeline", "Bucket"}),
    ],
)
def test_the_template_fills_in_every_placeholder(file, filled_in):
    assert set(re.findall(r"\$\{(\w+)\}", json.dumps(machine(file)))) == filled_in


def test_the_copy_of_a_model_is_never_replaced():
    states = machine("statemachine.asl.json")["States"]
    copied = {"Bucket": "bucket", "Key": "releases/1a2b/model.tar.gz", "CopySource": "bucket/models/taxi/model.tar.gz"}
    asked = {name: evaluate(text, release={"ReleasedModel": copied}) for name, text in texts(states["CopyModel"])}
    assert copied.items() <= asked.items()

    def after(state: str, keys: int) -> str:
        assign = states["FindReleasedModel"]["Assign"]["copied"]
        found = evaluate(assign, states={"result": {"KeyCount": keys}})
        (choice,) = states[state]["Choices"]
        return choice["Next"] if evaluate(choice["Condition"], copied=found) else states[state]["Default"]

    assert states["TrainAndBaseline"]["Next"] == "FindReleasedModel"
    assert states["FindReleasedModel"]["Next"] == "IsModelReleased"
    assert after("IsModelReleased", 0) == "CopyModel"
    assert states["CopyModel"]["Next"] == "Evaluate"
    assert after("IsModelReleased", 1) == "ModelReleasedBefore"
    assert states["ModelReleasedBefore"]["Type"] == "Fail"


def texts(task: dict[str, Any]) -> list[tuple[str, str]]:
    """The arguments of a task that are expressions."""
    return [(name, value) for name, value in task["Arguments"].items() if str(value).startswith("{%")]


def judgement(release: dict[str, Any], evaluation: dict[str, Any]) -> tuple[str, str]:
    """The state after Judge for this metrics.json, and its cause."""
    states = machine("statemachine.asl.json")["States"]
    variables: dict[str, Any] = {"release": release}
    result = {"result": {"Body": json.dumps(evaluation)}}
    for state in ("ReadEvaluation", "Compare"):
        # A state's expressions see the variables from before the state.
        assigned = states[state]["Assign"].items()
        variables |= {name: evaluate(text, states=result, **variables) for name, text in assigned}
    judge = states["Judge"]
    following = next(
        (choice["Next"] for choice in judge["Choices"] if evaluate(choice["Condition"], **variables) is True),
        judge["Default"],
    )
    cause = states[following].get("Cause", "")
    return following, evaluate(cause, **variables) if cause else ""


def metric(name: str = "rmse", goal: str = "Minimize", bound: float = 6.0, allowed: float = 0.02) -> dict[str, Any]:
    return {"Name": name, "Goal": goal, "Bound": bound, "AllowedRegression": allowed}


def release(*metrics: dict[str, Any], production: bool = False, group: str = "regression_metrics") -> dict[str, Any]:
    gate = {"Group": group, "Metrics": list(metrics) or [metric()], "Production": production}
    return {"Gate": gate, "EvaluationResult": {"Bucket": "bucket", "Key": "metrics.json"}}


def evaluation(
    value: float | None = None,
    production: float | None = None,
    name: str = "rmse",
    group: str = "regression_metrics",
    **values: tuple[float | None, ...],
) -> dict[str, Any]:
    """A metrics.json with one metric, or with several as the model's value and production's."""
    values = values or {name: (value, production)}
    own = {name: {"value": pair[0], "standard_deviation": 0.1} for name, pair in values.items()}
    of_production = {name: {"value": pair[1]} for name, pair in values.items() if pair[1] is not None}
    evaluation: dict[str, Any] = {group: own, "rows": 10}
    return evaluation | ({"production": {group: of_production}} if of_production else {})


R2 = metric("r2", "Maximize", 0.8)
AUC, LOG_LOSS = metric("auc", "Maximize", 0.9, 0.01), metric("log_loss", "Minimize", 0.5, 0.1)
BINARY = "binary_classification_metrics"
GATES = [
    pytest.param(release(), evaluation(5.0), "RecordLineage", id="within-the-bound"),
    pytest.param(release(), evaluation(6.0), "RecordLineage", id="on-the-bound"),
    pytest.param(release(), evaluation(6.01), "ModelQualityBelowBound", id="over-the-bound"),
    pytest.param(release(R2), evaluation(0.9, name="r2"), "RecordLineage", id="r2-high-enough"),
    pytest.param(release(R2), evaluation(0.7, name="r2"), "ModelQualityBelowBound", id="r2-low"),
    pytest.param(release(R2 | {"Bound": -1}), evaluation(-0.5, name="r2"), "RecordLineage", id="negative-but-allowed"),
    pytest.param(release(production=True), evaluation(5.1, 5.0), "RecordLineage", id="allowed-regression"),
    pytest.param(release(production=True), evaluation(5.11, 5.0), "ModelWorseThanProduction", id="regression"),
    pytest.param(release(R2, production=True), evaluation(0.89, 0.9, "r2"), "RecordLineage", id="r2-may-sink-a-bit"),
    pytest.param(
        release(R2, production=True), evaluation(0.88, 0.9, "r2"), "ModelWorseThanProduction", id="r2-regression"
    ),
    pytest.param(release(production=False), evaluation(5.5, 1.0), "RecordLineage", id="no-production-no-comparison"),
    pytest.param(release(), evaluation(None), "EvaluationIncomplete", id="no-number"),
    pytest.param(release(), evaluation(True), "EvaluationIncomplete", id="not-a-number"),
    pytest.param(release(), {"rows": 0}, "EvaluationIncomplete", id="no-metrics"),
    pytest.param(release(metric("mae")), evaluation(1.0), "EvaluationIncomplete", id="another-metric"),
    pytest.param(release(group=BINARY), evaluation(1.0), "EvaluationIncomplete", id="another-group"),
    pytest.param(release(production=True), evaluation(5.0), "EvaluationIncomplete", id="production-not-measured"),
    pytest.param(
        release(production=True),
        evaluation(5.0) | {"production": {"reason": "the test set has no column distance"}},
        "EvaluationIncomplete",
        id="production-cannot-be-measured",
    ),
    pytest.param(
        release(AUC, LOG_LOSS, group=BINARY, production=True),
        evaluation(group=BINARY, auc=(0.95, 0.94), log_loss=(0.2, 0.3)),
        "RecordLineage",
        id="all-of-several-metrics-pass",
    ),
    pytest.param(
        release(AUC, LOG_LOSS, group=BINARY, production=True),
        evaluation(group=BINARY, auc=(0.95, 0.94), log_loss=(0.51, 0.6)),
        "ModelQualityBelowBound",
        id="one-of-several-is-over-its-bound",
    ),
    pytest.param(
        release(AUC, LOG_LOSS, group=BINARY, production=True),
        evaluation(group=BINARY, auc=(0.95, 0.94), log_loss=(0.25, 0.2)),
        "ModelWorseThanProduction",
        id="one-of-several-is-worse-than-production",
    ),
    pytest.param(
        release(AUC, LOG_LOSS, group=BINARY),
        evaluation(group=BINARY, auc=(0.95, None), log_loss=(None, None)),
        "EvaluationIncomplete",
        id="one-of-several-is-missing",
    ),
]


@pytest.mark.parametrize(("gate", "evaluation", "expected"), GATES)
def test_the_gate_decides_by_bound_and_regression_of_every_metric(gate, evaluation, expected):
    assert judgement(gate, evaluation)[0] == expected


@pytest.mark.parametrize(("gate", "evaluation", "expected"), GATES)
def test_the_report_judges_each_metric_as_the_gate_does(gate, evaluation, expected):
    problem = next(problem for problem, group in GROUPS.items() if group == gate["Gate"]["Group"])
    document = {"evaluation": evaluation | {"problem_type": problem}, "gate": gate["Gate"]}
    judged = [row for row in report_metrics.rows(document) if row.bound is not None]
    passed = len(judged) == len(gate["Gate"]["Metrics"]) and all(row.word == "passed" for row in judged)
    assert passed == (expected == "RecordLineage")


def test_the_cause_names_value_and_bound():
    _, cause = judgement(release(), evaluation(7.12345678))
    assert cause == "rmse is 7.123457, allowed is at most 6 (metrics.rmse.bound in configuration/evaluation.yml)"


def test_the_cause_has_the_reason_why_production_cannot_be_compared():
    reason = "the model in production predicts other labels: no, yes"
    _, cause = judgement(release(production=True), evaluation(5.0) | {"production": {"reason": reason}})
    assert cause == (
        f"s3://bucket/metrics.json has no number for rmse of the model in production ({reason}). To release without the "
        "comparison, set compare_with_production to false in configuration/evaluation.yml"
    )


def test_the_cause_names_the_value_of_production_and_the_allowed_regression():
    _, cause = judgement(release(production=True), evaluation(5.5, 5.0))
    assert cause == (
        "rmse is 5.5, the model in production has 5 on the same rows, allowed is a regression of 2 % "
        "(metrics.rmse.allowed_regression in configuration/evaluation.yml)"
    )


def test_the_cause_names_every_metric_that_failed_and_no_other():
    gate = release(AUC, LOG_LOSS, metric("f1", "Maximize", 0.5), metric("recall", "Maximize", 0), production=True)
    values = {"auc": (0.8, 0.95), "log_loss": (0.4, 0.3), "f1": (0.4, 0.4), "recall": (0.7, 0.7)}
    error, cause = judgement(gate, evaluation(**values))
    file = "in configuration/evaluation.yml)"
    assert error == "ModelQualityBelowBound"
    assert cause.split("; ") == [
        f"auc is 0.8, allowed is at least 0.9 (metrics.auc.bound {file}, and the model in production has 0.95 on the "
        f"same rows, allowed is a regression of 1 % (metrics.auc.allowed_regression {file}",
        "log_loss is 0.4, the model in production has 0.3 on the same rows, allowed is a regression of 10 % "
        f"(metrics.log_loss.allowed_regression {file}",
        f"f1 is 0.4, allowed is at least 0.5 (metrics.f1.bound {file}",
    ]


def test_the_cause_names_every_metric_that_the_evaluation_lacks():
    gate = release(AUC, LOG_LOSS, metric("f1", "Maximize"), production=True)
    _, cause = judgement(gate, evaluation(auc=(0.9, 0.9), log_loss=(0.4, None), f1=(None, None)))
    assert cause == ("s3://bucket/metrics.json has no number for log_loss of the model in production, f1")


def test_the_cause_has_enough_digits_to_distinguish_value_and_bound():
    _, cause = judgement(release(AUC), evaluation(0.899999, name="auc"))
    assert cause.startswith("auc is 0.899999, allowed is at least 0.9 ")


def test_tuned_values_replace_those_of_the_file_in_the_training_job():
    assign = machine("statemachine.asl.json")["States"]["ReadTuning"]["Assign"]
    training = {"TrainingJobName": "taxi", "HyperParameters": {"eta": "0.1", "gamma": "0"}}
    best = {"BestTrainingJob": {"TunedHyperParameters": {"eta": "0.25"}}}
    assert evaluate(assign["training"], release={"Training": training}, states={"result": best}) == {
        "TrainingJobName": "taxi",
        "HyperParameters": {"eta": "0.25", "gamma": "0"},
    }


def test_a_tuning_job_without_a_best_job_fails_the_execution():
    assign = machine("statemachine.asl.json")["States"]["ReadTuning"]["Assign"]
    # Step Functions fails a state whose expression has no result.
    assert evaluate(assign["tuned"], states={"result": {"BestTrainingJob": {"TrainingJobName": "taxi"}}}) is None


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


def test_a_package_gets_the_hyperparameters_and_the_metrics_as_used():
    states = machine("statemachine.asl.json")["States"]
    measured = [metric() | {"Value": 5.25, "Production": None}]
    variables = {
        "release": {
            "Lineage": {"Record": {"commit_id": "5f3c9a1"}},
            "ModelPackage": {"Task": "REGRESSION", "CustomerMetadataProperties": LINEAGE},
        },
        "training": {"HyperParameters": {"eta": "0.25"}},
        "evaluated": {"rmse": {"value": 5.25}, "r2": {"value": 0.9}},
        "measured": measured,
    }
    assert evaluate(states["RecordLineage"]["Arguments"]["Body"], **variables) == {
        "commit_id": "5f3c9a1",
        "hyperparameters": {"eta": "0.25"},
        "metrics": {"rmse": {"value": 5.25}, "r2": {"value": 0.9}},
        "gate": measured,
    }
    assert evaluate(states["Register"]["Arguments"], **variables) == {
        "Task": "REGRESSION",
        "CustomerMetadataProperties": LINEAGE | {"metric.rmse": "5.25"},
    }


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
    stack = {"Stacks": [{"Outputs": [{"OutputKey": "ExecutionId", "OutputValue": "9f9f"}]}]}
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


def test_the_first_execution_of_a_new_pipeline_is_not_reported():
    states = machine("notifications.asl.json")["States"]
    assign = states["ReadVariables"]["Assign"]
    own = {"Trigger": {"TriggerType": "CreatePipeline"}}
    asked_for = {
        "Trigger": {"TriggerType": "StartPipelineExecution"},
        "Variables": [{"Name": "CommitId", "ResolvedValue": "1a2b"}, {"Name": "Tune", "ResolvedValue": "true"}],
    }

    def read(execution: dict[str, Any], name: str) -> Any:
        return evaluate(assign[name], states={"result": {"PipelineExecution": execution}})

    (choice,) = states["IsRelease"]["Choices"]
    assert states["ReadVariables"]["Next"] == "IsRelease"
    assert evaluate(choice["Condition"], trigger=read(own, "trigger")) is True
    assert states[choice["Next"]] == {"Type": "Succeed"}
    assert evaluate(choice["Condition"], trigger=read(asked_for, "trigger")) is False
    # No variable has a value before the Source stage has run.
    assert read(own, "variables") == {}
    assert read(asked_for, "variables") == {"CommitId": "1a2b", "Tune": "true"}
