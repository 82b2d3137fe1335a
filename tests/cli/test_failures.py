"""The message about a failure: the cause from the logs of builds, state machines and hooks, and where the log is."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deployed import log, stack

from mlops.aws import jobs, log_locations, logs, stacks
from mlops.aws.executions import FAILED, Action, Execution, Stage
from mlops.aws.failures import before_end, hook_reason, last_words, machine_cause
from mlops.aws.jobs import Job
from mlops.aws.logs import LogEvent, LogLocation
from mlops.aws.session import Session
from mlops.errors import PipelineError
from mlops.names import Names
from mlops.release import Repository
from mlops.release.watching import require_success

BUILD_LOG = [
    "[Container] 2026/11/21 12:00:00 Running command python -m mlops.builds.qa --endpoint test",
    "users: 8, 10 s",
    "QA failed: p95 latency 812 ms is over the bound of 500 ms.",
    "  Also: 3 of 800 requests failed",
    "  Results: executions/1a2b/qa/",
    "[Container] 2026/11/21 12:00:12 Phase complete: BUILD State: FAILED",
    "[Container] 2026/11/21 12:00:12 Entering phase POST_BUILD",
    "uploading the report",
    "[Container] 2026/11/21 12:00:13 Phase complete: POST_BUILD State: SUCCEEDED",
]


def test_a_build_is_quoted_with_its_output_before_the_failed_phase_ended():
    assert last_words(before_end(BUILD_LOG, "BUILD")) == (
        "QA failed: p95 latency 812 ms is over the bound of 500 ms. "
        "Also: 3 of 800 requests failed; Results: executions/1a2b/qa/"
    )


def test_a_traceback_is_quoted_by_its_last_line():
    lines = ["Traceback (most recent call last):", '  File "train.py", line 3', "ValueError: no rows"]
    assert last_words(lines) == "ValueError: no rows"


def test_a_build_without_output_is_quoted_without_lines():
    assert last_words(before_end(["[Container] Phase complete: INSTALL State: FAILED"], "INSTALL")) == ""


def test_failed_tests_are_named_and_counted():
    failed = [f"FAILED tests/model/test_train.py::test_{n} - AssertionError: {n}" for n in "abcd"]
    lines = ["..F", "=== short test summary info ===", *failed, "4 failed, 29 passed in 0.19s"]
    assert last_words(lines) == (
        "4 failed, 29 passed in 0.19s: tests/model/test_train.py::test_a, tests/model/test_train.py::test_b, "
        "tests/model/test_train.py::test_c and 1 more"
    )


def test_a_test_module_with_a_syntax_error_is_named():
    lines = ["E   SyntaxError: invalid syntax", "ERROR tests/model/test_train.py", "1 error in 0.73s"]
    assert last_words(lines) == "1 error in 0.73s: tests/model/test_train.py"


def test_the_cause_of_a_refusing_gate_is_its_message_and_error_name():
    cause = machine_cause("ModelQualityBelowBound", "rmse is 7.1, the bound is 6.0")
    assert cause == "rmse is 7.1, the bound is 6.0 (ModelQualityBelowBound)"


def test_the_cause_of_a_job_is_its_failure_reason():
    description = json.dumps({"TrainingJobName": "demo-1a2b", "FailureReason": "AlgorithmError: no rows"})
    assert machine_cause("States.TaskFailed", description) == "AlgorithmError: no rows (States.TaskFailed)"


def test_a_state_machine_without_a_cause_is_quoted_with_its_error():
    assert machine_cause("States.Timeout", "") == "States.Timeout"


def hook_line(level: str, **members: str) -> str:
    """A line as api/hooks.py logs it."""
    return json.dumps({"level": level, "location": "handler:35", **members})


def test_a_hook_is_quoted_with_the_reason_of_its_failure():
    lines = [
        "START RequestId: 1",
        hook_line("ERROR", message="Failed", reason="an older one"),
        hook_line("ERROR", message="Failed", reason="demo--trips-1a2b answers 3 for '1,2'"),
        "END RequestId: 1",
    ]
    assert hook_reason(lines) == "demo--trips-1a2b answers 3 for '1,2'"


def test_a_hook_that_raised_is_quoted_with_its_exception():
    trace = "Traceback (most recent call last):\n  File 'hooks.py'\nKeyError: 'rows'\n"
    assert hook_reason([hook_line("ERROR", message="Failed", exception=trace)]) == "KeyError: 'rows'"


def test_a_hook_that_passed_has_no_reason():
    assert hook_reason(["START RequestId: 1", "7", hook_line("INFO", message="Passed", found="all")]) == ""


EXECUTION = "1a2b3c4d-0000-4000-8000-000000000000"
SHIFT = "CodeDeploy deployment d-1 of demo-api:live ended as Failed: "


def failure_message(names: Names, repository: Path, action: Action) -> str:
    """The message for an execution in which this action failed."""
    execution = Execution(names.pipeline, EXECUTION, FAILED, "", {}, {}, "", (Stage(action.stage, (action,)),))
    with pytest.raises(PipelineError) as raised:
        require_success(Repository(repository), execution)
    return str(raised.value)


@pytest.fixture
def refused(session: Session, names: Names, repository: Path, monkeypatch) -> Callable[[str, str], str]:
    """The message for a release to production in whose stack a resource of this type failed for this reason."""

    def message(kind: str, reason: str) -> str:
        now = datetime.now(UTC)
        event = stacks.StackEvent("1", now, "Resource", kind, "UPDATE_FAILED", reason)
        monkeypatch.setattr(stacks, "events_between", lambda *_: [event])
        action = Action(
            "Production",
            "Deploy",
            "Deploy",
            "CloudFormation",
            state=FAILED,
            started=now - timedelta(minutes=1),
            ended=now + timedelta(minutes=1),
            configuration={"StackName": names.endpoint_stack("production")},
        )
        return failure_message(names, repository, action)

    return message


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        ("before-traffic", f"{SHIFT}The hook BeforeAllowTraffic has failed (HOOK_EXECUTION_FAILURE)"),
        ("after-traffic", "Rollback successful"),
    ],
)
def test_a_failed_hook_is_quoted_with_its_reason_and_its_log(
    session: Session, names: Names, refused, hook: str, reason: str
):
    group = f"/aws/lambda/{names.project}-{hook}"
    log(session, group, hook_line("ERROR", message="Failed", reason="answers 3, the released model 2"))
    message = refused("AWS::Lambda::Alias", reason)
    assert f"{reason}. {names.project}-{hook} reports: answers 3, the released model 2\n" in message
    assert message.endswith(f"Log: {group}\nWhole log: mlops logs function {hook}")


def test_a_hook_without_log_events_is_named_with_its_log(names: Names, refused):
    message = refused("AWS::Lambda::Alias", f"{SHIFT}The hook AfterAllowTraffic did not answer in time")
    assert message.endswith(
        f"Log: /aws/lambda/{names.project}-after-traffic\nWhole log: mlops logs function after-traffic"
    )


def test_a_tab_in_a_log_is_shown_as_spaces(session: Session, names: Names, refused):
    log(session, f"/aws/lambda/{names.project}-before-traffic", "REPORT RequestId: 1\tDuration: 7 ms")
    message = refused("AWS::Lambda::Alias", f"{SHIFT}The hook BeforeAllowTraffic has failed (HOOK_EXECUTION_FAILURE)")
    assert re.search(r"    REPORT RequestId: 1 +Duration: 7 ms\n", message)


def test_a_shift_that_an_alarm_stopped_names_no_hook(session: Session, names: Names, refused):
    failed_before = hook_line("ERROR", message="Failed", reason="of another release")
    log(session, f"/aws/lambda/{names.project}-before-traffic", failed_before, age=timedelta(hours=1))
    message = refused("AWS::Lambda::Alias", f"{SHIFT}An alarm is active (ALARM_ACTIVE)")
    assert message.endswith("(ALARM_ACTIVE)")


def test_the_log_of_a_failed_endpoint_is_found_by_its_execution(session: Session, names: Names, refused):
    stack(session, names.endpoint_stack("production"), ClientsCall="api")
    message = refused("AWS::SageMaker::Endpoint", "did not pass the ping health check")
    assert f"Log: /aws/sagemaker/Endpoints/{names.release_endpoint(EXECUTION)}\n" in message
    assert message.endswith(f"Whole log: mlops logs endpoint production --execution {EXECUTION}")


@pytest.fixture
def failed(session: Session, names: Names, repository: Path) -> Callable[[Action], str]:
    """The message for an execution in which this action failed."""
    return lambda action: failure_message(names, repository, action)


@pytest.mark.parametrize(
    ("ran", "sentence"),
    [
        (
            [Job("training", "demo-1a2b", "Stopped"), Job("baseline", "demo-1a2b-baseline", "Failed", "no base")],
            "baseline job demo-1a2b-baseline ended as Failed: no base",
        ),
        (
            [Job("training", "demo-1a2b", "Failed", "no rows"), Job("baseline", "demo-1a2b-baseline", "Stopped")],
            "training job demo-1a2b ended as Failed: no rows",
        ),
        (
            [Job("training", "demo-1a2b", "Stopped", "MaxRuntimeExceeded"), Job("baseline", "b", "Stopped")],
            "training job demo-1a2b ended as Stopped: MaxRuntimeExceeded",
        ),
    ],
    ids=["baseline", "training", "out of time"],
)
def test_the_failed_job_is_the_cause(failed, monkeypatch, ran, sentence):
    monkeypatch.setattr(jobs, "of_execution", lambda *_: ran)
    assert (
        failed(Action("Train", "Train", "Invoke", "StepFunctions", state=FAILED)) == f"Train/Train failed: {sentence}"
    )


@pytest.fixture
def failed_build(failed, monkeypatch) -> Callable[..., list[str]]:
    """The lines of the message for a build that failed in its phase BUILD, with this message and log."""

    def lines_of(message: str, *lines: str, status: str = "FAILED") -> list[str]:
        phase = {"phaseType": "BUILD", "phaseStatus": status, "contexts": [{"message": message}]}
        build = {"buildStatus": status, "phases": [phase]}
        written = [LogEvent(datetime.now(UTC), "s", line) for line in lines]
        monkeypatch.setattr(log_locations, "build_of", lambda *_: build)
        monkeypatch.setattr(log_locations, "of_action", lambda *_: LogLocation("group", "stream"))
        monkeypatch.setattr(logs, "tail", lambda *_, **__: written)
        return failed(Action("Build", "Render", "Build", "CodeBuild", state=FAILED)).splitlines()

    return lines_of


FAILED_PHASE = "[Container] 2026/11/21 12:00:12 Phase complete: BUILD State: FAILED"


def test_a_failed_build_shows_only_the_output_of_its_commands(failed_build):
    lines = ["F", "FAILED tests/model/test_a.py::test_a - assert 1 == 2", "1 failed in 0.1s", FAILED_PHASE]
    message = failed_build("exit status 1", *lines, *["[Container] Phase complete: UPLOAD_ARTIFACTS"] * 8)
    assert message[0] == "Build/Render failed: 1 failed in 0.1s: tests/model/test_a.py::test_a"
    assert message[1:4] == ["    F", "    FAILED tests/model/test_a.py::test_a - assert 1 == 2", "    1 failed in 0.1s"]
    assert not any("[Container]" in line for line in message)


def test_a_killed_command_is_named_with_its_exit_status(failed_build):
    message = failed_build(
        "Error while executing command: qa. Reason: exit status 137", "ok  golden rows", FAILED_PHASE
    )
    assert message[0] == (
        "Build/Render failed: Error while executing command: qa. Reason: exit status 137; last output: ok  golden rows"
    )


def test_a_build_that_codebuild_could_not_run_is_quoted_with_its_reason(failed_build):
    message = failed_build("OSError: No space left on device", "ok  golden rows", status="FAULT")
    assert message[0].startswith("Build/Render failed: OSError: No space left on device")


def test_control_characters_of_a_log_are_escaped(failed_build):
    message = failed_build("exit status 1", "\x1b[2J\ud83d", FAILED_PHASE)
    assert message[0] == "Build/Render failed: \\x1b[2J\\ud83d"
