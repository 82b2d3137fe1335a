"""The sentence about a failure, from what builds and state machines leave behind."""

import json

from mlops.aws.failures import last_words, machine_cause

BUILD_LOG = [
    "[Container] 2026/11/21 12:00:00 Running command python -m mlops.steps.qa --endpoint test",
    "users: 8, 10 s",
    "QA says no: p95 latency 812 ms is over the bound of 500 ms.",
    "  Also: 3 of 800 requests failed",
    "  Results: executions/1a2b/qa/",
    "[Container] 2026/11/21 12:00:12 Phase complete: BUILD State: FAILED",
    "[Container] 2026/11/21 12:00:12 Entering phase POST_BUILD",
    "uploading the report",
    "[Container] 2026/11/21 12:00:13 Phase complete: POST_BUILD State: SUCCEEDED",
]


def test_a_build_is_quoted_with_what_it_said_before_its_phase_failed():
    assert last_words(BUILD_LOG, "BUILD") == (
        "QA says no: p95 latency 812 ms is over the bound of 500 ms. "
        "Also: 3 of 800 requests failed; Results: executions/1a2b/qa/"
    )


def test_a_traceback_is_quoted_by_its_last_line():
    lines = ["Traceback (most recent call last):", '  File "train.py", line 3', "ValueError: no rows"]
    assert last_words(lines, "BUILD") == "ValueError: no rows"


def test_a_build_that_said_nothing_has_no_last_words():
    assert last_words(["[Container] Phase complete: INSTALL State: FAILED"], "INSTALL") == ""


def test_the_cause_of_a_gate_is_its_sentence_with_the_errors_name():
    cause = machine_cause("ModelQualityBelowBound", "rmse is 7.1, the bound is 6.0")
    assert cause == "rmse is 7.1, the bound is 6.0 (ModelQualityBelowBound)"


def test_the_cause_of_a_job_is_its_failure_reason():
    description = json.dumps({"TrainingJobName": "demo-1a2b", "FailureReason": "AlgorithmError: no rows"})
    assert machine_cause("States.TaskFailed", description) == "AlgorithmError: no rows (States.TaskFailed)"


def test_a_state_machine_without_a_cause_leaves_its_error():
    assert machine_cause("States.Timeout", "") == "States.Timeout"
