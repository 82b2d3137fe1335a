"""The state machines: their graphs, and what releases and notifications assign and copy."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonata
import pytest
from releases import LINEAGE
from statemachines import evaluate, expressions, machine, machines_in, targets, texts

from mlops.names import Names

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


def of_state(name: str, key: str) -> str:
    """An expression that a state of monitoring assigns."""
    return machine("monitoring.asl.json")["States"][name]["Assign"][key]


@pytest.mark.parametrize(
    ("first", "count", "ends"),
    [
        ("2026/03/02/09/a.jsonl", 1, ("2026/03/02", "2026/03/02")),
        ("2026/02/22/09/a.jsonl", 9, ("2026/02/22", "2026/03/02")),
        ("2026/02/21/09/a.jsonl", 2, ("2026/02", "2026/03")),
        ("2025/12/12/09/a.jsonl", 4, ("2025/12", "2026/03")),
        ("2024/12/31/23/a.jsonl", 3, ("2024", "2026")),
    ],
)
def test_ground_truth_has_nine_folders_at_most_from_the_first_record_to_today(
    first: str, count: int, ends: tuple[str, str]
) -> None:
    captured = [first, "2026/03/02/10/b.jsonl"]
    folders = evaluate(of_state("WriteManifest", "folders"), captured=captured, started="2026-03-02T23:59:59")
    assert (len(folders), folders[0], folders[-1]) == (count, *ends)


@pytest.mark.parametrize(
    ("cursor", "due"),
    [
        ({"Since": "", "After": ""}, True),
        ({"Since": "2026-03-01T12:00:00", "After": ""}, True),
        ({"Since": "2026-03-01T12:00:01", "After": ""}, False),
        ({"Since": "2026-03-01T23:00:00", "After": "capture/e/AllTraffic/x"}, True),
    ],
)
def test_ground_truth_is_read_once_a_day_or_when_a_run_left_some(cursor: dict[str, str], due: bool) -> None:
    rule = machine("monitoring.asl.json")["States"]["IsDue"]["Choices"][1]["Condition"]
    text = rule.replace("${QualityEverySeconds}", "86400")
    assert evaluate(text, cursor=cursor, end="2026-03-02T12:00:00") is due


def test_predictions_of_all_endpoints_in_production_are_judged_from_where_a_run_failed() -> None:
    names = ["a--m-00000001", "a--m-00000002", "a--m-production", "a--m-test", "a-b--m-00000003", "a--mm-00000004"]
    result = {"CommonPrefixes": [{"Prefix": f"capture/{name}/"} for name in names]}
    text = of_state("ListEndpoints", "endpoints").replace("${Project}", "a").replace("${Model}", "m")
    found = evaluate(text, cursor={"Endpoint": ""}, states={"result": result})
    assert found == ["a--m-00000001", "a--m-00000002", "a--m-production"]
    assert evaluate(text, cursor={"Endpoint": "a--m-00000002"}, states={"result": result}) == found[1:]
    assert evaluate(text, cursor={"Endpoint": ""}, states={"result": {}}) == []


@pytest.mark.parametrize(("rows", "published"), [(0, []), (40, [2])])
def test_a_run_that_judged_no_prediction_leaves_the_alarm_of_quality_as_it_is(rows: int, published: list[int]) -> None:
    text = machine("monitoring.asl.json")["States"]["PublishMetrics"]["Arguments"]["MetricData"]
    metrics = {"quality_rows": rows, "violations": 2 if rows else 0, "unlabelled": 7}
    found = evaluate(text, program="quality", metrics=metrics)
    assert [each["Value"] for each in found if each["MetricName"] == "QualityViolations"] == published
    assert [each["Value"] for each in found if each["MetricName"] == "Unlabelled"] == [7]


@pytest.mark.parametrize(
    ("hours", "published"),
    [
        ({"hours": {"2026-11-22T12:00:00Z": 30, "2026-11-22T13:00:00Z": 8}}, [(2, None), (30, 12), (8, 13)]),
        ({"hours": {}}, [(40, None)]),
        ({}, [(40, None)]),
    ],
    ids=["two hours", "no hours", "an image from before"],
)
def test_records_are_published_at_the_hour_of_their_request(
    hours: dict, published: list[tuple[int, int | None]]
) -> None:
    text = machine("monitoring.asl.json")["States"]["PublishMetrics"]["Arguments"]["MetricData"]
    metrics = {"records": 40, "rows": 40, "violations": 0, "unreadable": 1, "foreign": 1, "late": 0, "drift": {}}
    found = evaluate(text, program="monitor", metrics=metrics | hours)
    records = [(each["Value"], each.get("Timestamp")) for each in found if each["MetricName"] == "Records"]
    assert records == [(count, hour and f"2026-11-22T{hour}:00:00Z") for count, hour in published]


def test_each_job_is_named_by_the_millisecond_also_where_two_start_within_one() -> None:
    moment = of_state("OpenWindow", "moment")
    assert evaluate(moment, moment=2_000_000_000_000) == 2_000_000_000_001
    job = of_state("OpenWindow", "job").replace("${Project}", "taxi")
    assert evaluate(job, moment=2_000_000_000_000) == "taxi-piscd0jl-monitor"
    assert Names("taxi", "fares").is_own_job(evaluate(job, moment=0), "monitor")
    assert not Names("tax", "fares").is_own_job(evaluate(job, moment=0), "monitor")
