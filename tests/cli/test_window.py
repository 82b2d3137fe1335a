"""`mlops local open`, and the state that its window shows of a local cloud."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import small_pipeline
from click.testing import Result
from waiting import until

from mlops.aws.session import Session
from mlops.errors import InputError
from mlops.localcloud import launch
from mlops.names import Names
from mlops.window.dashboards import Dashboards
from mlops.window.document import State, log


def test_without_a_local_cloud_it_says_what_to_run(repository: Path, mlops: Callable[..., Result]) -> None:
    result = mlops("local", "open", "--no-browser")
    assert result.exit_code == 2
    assert "mlops local up" in result.output


def test_the_address_is_printed_and_the_window_ends_with_the_command(repository: Path, cloud: launch.Running) -> None:
    command = [sys.executable, "-m", "mlops", "local", "open", "--no-browser", "--directory", str(directory_of(cloud))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert process.stdout
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+/[\w-]{40,}/", process.stdout.readline())
        assert address
        with urllib.request.urlopen(address[0], timeout=60) as answer:
            assert b"The local cloud" in answer.read()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert process.returncode == 0


def test_every_part_of_the_state_can_be_read(session: Session) -> None:
    document = State(session).read({})
    assert document["errors"] == {}
    assert (document["account"], document["region"]) == (session.account, session.region)


def test_an_execution_is_shown_with_its_stages_and_who_started_it(
    session: Session, names: Names, repository: Path, mlops: Callable[..., Result]
) -> None:
    small_pipeline.create(session, names, repository)
    started = mlops("start", "--reason", "newer data")
    assert started.exit_code == 0, started.output
    pipeline = until_it_waits(session, names)
    assert {stage["name"]: stage["state"] for stage in pipeline["stages"]} == {
        "Source": "Succeeded",
        "Test": "Succeeded",
        "Approve": "InProgress",
    }
    [execution] = pipeline["executions"]
    assert (execution["why"], execution["ended"]) == ("newer data", None)
    assert execution["started_by"]
    [qa] = pipeline["stages"][1]["actions"]
    lines = [line["text"] for line in log(session, qa["log"])["lines"]]
    assert any("p95 latency 12 ms" in line for line in lines)


def test_a_log_without_a_group_is_refused(session: Session) -> None:
    with pytest.raises(InputError, match="group"):
        log(session, {})


def test_a_log_that_does_not_exist_is_empty(session: Session) -> None:
    assert log(session, {"group": "/aws/lambda/absent"}) == {"lines": []}


@pytest.mark.parametrize("minutes", ["-1", "0", "soon", "10081", "²"])
def test_a_span_that_is_no_number_of_minutes_is_refused(session: Session, minutes: str) -> None:
    with pytest.raises(InputError, match="minutes"):
        Dashboards(session).read({"minutes": minutes})


def until_it_waits(session: Session, names: Names) -> dict:
    """The pipeline of these names, once its execution waits for the approval."""

    def waiting() -> dict | None:
        document = State(session).read({})
        [pipeline] = [each for each in document["pipelines"] if each["name"] == names.pipeline]
        states = [action["state"] for stage in pipeline["stages"] for action in stage["actions"]]
        assert "Failed" not in states, pipeline
        return pipeline if "Waiting" in states else None

    return until(waiting)


def directory_of(cloud: launch.Running) -> Path:
    """The directory that a running cloud was started with."""
    arguments = psutil.Process(cloud.pid).cmdline()
    return Path(arguments[arguments.index("--directory") + 1])
