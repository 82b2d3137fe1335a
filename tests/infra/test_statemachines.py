"""The state machines: their graphs, and what releases and notifications assign and copy."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonata
import pytest
from releases import LINEAGE
from statemachines import evaluate, expressions, machine, machines_in, targets, texts

FILES = ["statemachine.asl.json", "decision.asl.json", "monitoring.asl.json", "retraining.asl.json"]


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
        (
            "decision.asl.json",
            {"Partition", "ModelPackageGroup", "TestStack", "ProductionStack", "Pipeline", "Bucket", "Namespace"},
        ),
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


def test_a_package_gets_the_hyperparameters_and_the_metrics_as_used():
    states = machine("statemachine.asl.json")["States"]
    measured = [
        {"Name": "rmse", "Goal": "Minimize", "Bound": 6.0, "AllowedRegression": 0.02}
        | {"Value": 5.25, "Production": None}
    ]
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
