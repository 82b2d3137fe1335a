"""Ctrl-C in `mlops start`: whether an execution has started, and the commands that apply to it."""

import re
import signal
from pathlib import Path

import pytest
import small_pipeline

from mlops import release
from mlops.aws import executions, objects
from mlops.aws import pipeline as pipelines
from mlops.aws.session import Session
from mlops.names import Names


@pytest.fixture(autouse=True)
def pipeline(session: Session, names: Names, repository: Path) -> None:
    small_pipeline.create(session, names, repository)


def press(times: int = 1) -> None:
    for _ in range(times):
        signal.raise_signal(signal.SIGINT)


def test_control_c_during_uploads_starts_nothing(mlops, session: Session, names: Names, monkeypatch):
    monkeypatch.setattr(objects, "upload_data", lambda *_: press())
    done = mlops("start")
    assert done.exit_code == 1
    assert "No execution was started.\nData may have been uploaded. They start a retraining only where" in done.output
    assert executions.recent(session, names.pipeline) == []


def test_control_c_before_uploads_starts_nothing(mlops, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(objects, "upload_source", lambda *_: press())
    done = mlops("start")
    assert done.exit_code == 1
    assert done.output.endswith("\nNo execution was started.\n")


def test_control_c_during_the_call_of_the_pipeline_names_the_execution_that_it_starts(
    mlops, session: Session, names: Names, monkeypatch: pytest.MonkeyPatch
):
    begin = pipelines.start

    def interrupted(*arguments) -> str:
        press()
        return begin(*arguments)

    monkeypatch.setattr(pipelines, "start", interrupted)
    done = mlops("start", "--watch")
    [execution] = executions.recent(session, names.pipeline)
    assert done.exit_code == 1
    assert f"\nThe execution {execution.id} has started and continues.\n" in done.output
    assert f"mlops watch {execution.id}\n" in done.output and f"mlops stop {execution.id}\n" in done.output
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_control_c_ends_the_call_of_the_pipeline(mlops, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pipelines, "start", lambda *_: press(2))
    done = mlops("start")
    assert done.exit_code == 1
    assert "It is unknown whether an execution has started: the call was interrupted. See: mlops status" in done.output


def test_control_c_while_a_started_execution_is_watched_names_it(mlops, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(release, "watch", lambda *_: press())
    done = mlops("start", "--watch")
    assert done.exit_code == 1
    assert re.search(r"\nThe execution \S+ has started and continues\.\n", done.output)
