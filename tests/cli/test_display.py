"""The same state of an execution, as a table and as lines."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mlops.aws.executions import Action, Execution, Stage
from mlops.aws.following import changes
from mlops.cli import console, display, on_their_way

START = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def action(path: str, state: str = "Pending", seconds: float = 0, after: float = 0, **fields) -> Action:
    stage, name = path.split("/")
    provider = fields.pop("provider", "CodeBuild")
    started = None if state == "Pending" else START + timedelta(seconds=after)
    ended = started + timedelta(seconds=seconds) if state in {"Succeeded", "Failed"} else None
    kind = fields.pop("category", "Build")
    return Action(stage, name, kind, provider, state=state, started=started, ended=ended, **fields)


def execution(*actions: Action, status: str = "InProgress") -> Execution:
    names = dict.fromkeys(each.stage for each in actions)
    stages = (Stage(name, tuple(each for each in actions if each.stage == name)) for name in names)
    return Execution("demo", "1a2b3c4d", status, "", {}, {}, "StartPipelineExecution", tuple(stages))


APPROVAL = action("Approve/Release", "InProgress", category="Approval", provider="Manual")


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The plain display's lines for a build that starts, continues and ends, without the time of day."""
    source = action("Source/Code", "Succeeded", 2)
    build = action("Build/Render", "InProgress", after=2, activity="BUILD: 12 passed")
    with display.following() as screen:
        screen.update(execution(source, build))
        screen.update(execution(source, replace(build, activity="UPLOAD")))
        screen.update(execution(source, action("Build/Render", "Succeeded", 65, after=2)))
    return [line.split("  ", 1)[1] for line in capsys.readouterr().out.splitlines()]


def test_plain_lines_tell_each_change_once(lines: list[str]):
    assert lines == [
        "Source/Code  done in 2.0 s",
        "Build/Render  running: BUILD: 12 passed",
        "Build/Render  running: UPLOAD",
        "Build/Render  done in 1:05",
    ]


def test_a_line_about_current_activity_has_the_current_time(capsys: pytest.CaptureFixture[str], monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, zone=None) -> datetime:
            return (START + timedelta(minutes=16)).astimezone(zone)

    monkeypatch.setattr(display, "datetime", Clock)
    training = action("Train/Train", "InProgress")
    with display.following() as screen:
        screen.update(execution(training))
        screen.update(execution(replace(training, activity="training: validation:rmse=4.1")))
    times = [line.partition("  ")[0] for line in capsys.readouterr().out.splitlines()]
    moments = (START, START + timedelta(minutes=16))
    assert times == [moment.astimezone().strftime("%H:%M:%S") for moment in moments]


def test_a_waiting_approval_shows_the_commands_to_run():
    row = display.rows(execution(APPROVAL))[0]
    assert row.state == "waiting"
    assert row.note == "mlops approve 1a2b3c4d, or mlops reject 1a2b3c4d"


def test_the_table_shows_every_action_and_its_stage_once():
    rows = display.rows(
        execution(action("Test/Deploy", "Succeeded", 4), action("Test/QA", "InProgress", activity="BUILD"))
    )
    assert [(row.stage, row.action, row.state) for row in rows] == [
        ("Test", "Deploy", "done"),
        ("", "QA", "running"),
    ]
    assert rows[1].note == "BUILD"


def test_an_action_that_has_not_started_has_no_time():
    assert display.rows(execution(action("Test/QA")))[0].time == ""


def test_a_failed_action_shows_its_error_on_one_line():
    message = 'The state machine failed.\nStates.TaskFailed: {"TrainingJobName": "demo-1a2b3c4d"}'
    failed = action("Train/Train", "Failed", 3, error_message=message)
    assert display.rows(execution(failed))[0].note == "The state machine failed. States.TaskFailed:"


def test_markup_in_a_log_line_is_shown_as_it_is():
    table = display.table(execution(action("Test/QA", "InProgress", activity="[bold] users[/]")))
    with console.terminal().capture() as captured:
        console.terminal().print(table)
    assert "[bold] users[/]" in captured.get()


def test_a_stage_is_as_far_as_its_actions():
    states = {
        ("Succeeded", "Succeeded"): "Succeeded",
        ("Succeeded", "Pending"): "InProgress",
        ("Succeeded", "Failed"): "Failed",
        ("Pending", "Pending"): "Pending",
    }
    for (first, second), state in states.items():
        stage = execution(action("Test/Deploy", first), action("Test/QA", second)).stages[0]
        assert stage.state == state


def test_changes_come_in_the_order_in_which_they_happened():
    before = execution(action("Build/Image"), action("Build/Render"))
    after = execution(action("Build/Image", "Succeeded", 9), action("Build/Render", "Succeeded", 4))
    assert [change.action.path for change in changes(before, after)] == ["Build/Render", "Build/Image"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1:00"), (187, "3:07"), (3765, "1:02:45")]
)
def test_spans_of_time_read_like_a_clock(seconds: float, text: str):
    assert console.elapsed(seconds) == text


@pytest.mark.parametrize(("path", "there"), [("Production/Smoke", True), ("Production/Deploy", False)])
def test_only_a_smoke_test_fails_in_production(path: str, there: bool):
    assert execution(action(path, "Failed"), status="Failed").failed_in_production == there


def test_a_rejection_shows_by_whom_and_a_stopped_build_no_error():
    by = {"updated_by": "arn:aws:sts::1:assumed-role/approve/hubot", "summary": "too slow"}
    rejected = action("Approve/Release", "Failed", 3, category="Approval", provider="Manual", **by)
    row = display.rows(execution(rejected, status="Failed"))[0]
    assert (row.state, row.note) == ("rejected", "by hubot: too slow")
    build = action("Test/QA", "Failed", 3, error_message="Build terminated with state: STOPPED. Phase: PRE_BUILD")
    row = display.rows(execution(build, status="Stopped"))[0]
    assert (row.state, row.note) == ("stopped", "")


def test_a_failed_action_names_resources_without_their_whole_arn():
    message = "The state machine execution arn:aws:states:us-east-1:123456789012:execution:demo-train:1a2b3c4d failed."
    failed = action("Train/Train", "Failed", 3, error_message=message)
    assert display.rows(execution(failed))[0].note == "The state machine execution 1a2b3c4d failed."


DEPLOYED = action("Test/Deploy", "Succeeded", 60)


@pytest.mark.parametrize(
    ("running", "phase", "commands"),
    [
        ([action("Source/Code")], "waits for its turn in Source", "mlops stop 1a2b3c4d"),
        ([DEPLOYED, action("Test/QA")], "is in Test", "mlops stop 1a2b3c4d"),
        ([DEPLOYED, action("Test/QA", "InProgress")], "runs Test/QA", "mlops stop 1a2b3c4d"),
        ([DEPLOYED, action("Approve/Release")], "waits for its turn in Approve", "mlops stop 1a2b3c4d"),
        (
            [DEPLOYED, APPROVAL],
            "waits for approval",
            "mlops approve 1a2b3c4d, mlops reject 1a2b3c4d, or mlops stop 1a2b3c4d",
        ),
        ([action("Production/Deploy", "InProgress")], "runs Production/Deploy", "mlops watch 1a2b3c4d"),
    ],
)
def test_an_execution_on_its_way_is_listed_with_the_commands_for_its_phase(
    running: list[Action], phase: str, commands: str
):
    first, request, last = on_their_way.lines([execution(*running)])
    assert first.startswith(f"  1a2b3c4d {phase}") and (" since 2026-11-2" in first) == (running[0].started is not None)
    assert request.strip() == "commit unknown, unknown by unknown"
    assert last.strip() == commands


def test_an_execution_that_is_being_stopped_can_only_be_watched():
    first, _, last = on_their_way.lines([execution(APPROVAL, status="Stopping")])
    assert "is being stopped" in first and last.strip() == "mlops watch 1a2b3c4d"
