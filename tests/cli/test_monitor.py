"""`mlops monitor`: a run of monitoring by hand, what it prints, and its reports."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from baking import REPOSITORY
from click.testing import Result

from mlops import release
from mlops.aws import monitoring_runs, state_machines
from mlops.aws.session import Session
from mlops.cli.monitoring_lines import ended
from mlops.names import Names
from mlops.release import monitoring
from mlops.release.events import MonitoringContinues, MonitoringEnded, StepStarted
from mlops.release.repository import Repository

DRIFTED, FINE, JUDGED = "demo-0000000b-monitor", "demo-0000000c-monitor", "demo-0000000a-monitor"
COUNTS = {"records": 41, "rows": 800, "unreadable": 1, "foreign": 2, "late": 3, "synthetic": 4}
DRIFT = {"feature_name": "total_amount", "constraint_check_type": "baseline_drift_check", "description": "It is 0.4."}
WORSE = {"metric_name": "rmse", "constraint_check_type": "GreaterThanThreshold", "description": "It is 9."}
METRICS = {
    DRIFTED: COUNTS | {"target": "total_amount", "drift": {}, "drifted": ["total_amount", "area"], "violations": 1},
    FINE: COUNTS | {"target": "total_amount", "drift": {}, "drifted": [], "violations": 0},
    JUDGED: {
        "records": 9,
        "rows": 90,
        "unreadable": 0,
        "foreign": 0,
        "unlabelled": 2,
        "quality_rows": 70,
        "violations": 1,
        "quality": {"rmse": 9.0},
    },
}
VIOLATIONS = {DRIFTED: [DRIFT], FINE: [], JUDGED: [WORSE]}


def files(job: str) -> dict[str, str]:
    """The files of a run, as its program writes them."""
    found = {
        "metrics.json": json.dumps(METRICS[job]),
        "constraint_violations.json": json.dumps({"violations": VIOLATIONS[job]}),
        "report.html": f"<title>{job}</title>",
    }
    return found | ({"constraints.json": "{}"} if job == JUDGED else {})


def found(folder: Path, job: str, allowed: int = 0, **metrics: Any) -> list[str]:
    """The lines about a run with these files and other metrics."""
    for name, content in files(job).items():
        (folder / name).write_text(content)
    (folder / "metrics.json").write_text(json.dumps(METRICS[job] | metrics))
    return ended(MonitoringEnded(monitoring_runs.read(job, folder), allowed))


class Machine:
    """Stands in for the state machine: executions return what `outputs` lists, in the order in which they are followed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, running: list[str], *outputs: dict[str, Any] | str) -> None:
        self.started = 0
        self._running, self._outputs = running, list(outputs)
        monkeypatch.setattr(state_machines, "find", lambda *_: "arn:machine")
        monkeypatch.setattr(state_machines, "running", lambda *_: [self._running.pop()] if self._running else [])
        monkeypatch.setattr(state_machines, "start", self._start)
        monkeypatch.setattr(state_machines, "follow", self._follow)
        monkeypatch.setattr("mlops.aws.polling.pause", lambda *_, **__: 0.0)
        monkeypatch.setattr("mlops.aws.releases.deployed", lambda *_: {"ExecutionId": "1a2b3c4d"})
        monkeypatch.setattr(monitoring_runs, "fetch", lambda _, bucket, job, folder: self._fetch(job, folder))
        monkeypatch.setattr(Repository, "bucket", "bucket")

    def _start(self, *_: object) -> str:
        self.started += 1
        return f"execution {self.started}"

    def _follow(self, _: object, execution: str) -> Generator[str, None, dict[str, Any]]:
        yield "Monitor"
        output = self._outputs.pop(0)
        described = {"stateMachineArn": "arn:states:demo-monitoring"}
        if isinstance(output, str):
            return described | {"status": "FAILED", "error": "States.TaskFailed", "cause": output}
        return described | {"status": "SUCCEEDED", "output": json.dumps(output)}

    def _fetch(self, job: str, folder: Path) -> monitoring_runs.Run:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files(job).items():
            (folder / name).write_text(content)
        return monitoring_runs.read(job, folder)


def ran(*jobs: str) -> dict[str, Any]:
    return {"Jobs": list(jobs), "Reason": "" if jobs else "Nothing was captured."}


BLOCKED = {"Jobs": [], "Reason": monitoring.ANOTHER_RUNS}


def test_a_violation_raises_the_alarm_and_exits_with_1(
    repository: Path, mlops: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    Machine(monkeypatch, [], ran(DRIFTED))
    done = mlops("monitor", "run")
    assert done.exit_code == 1
    assert (
        "The requests differ from the baseline in prediction of total_amount, area (1 violation, 0 all" in done.output
    )
    assert "800 rows in 41 records, of which 1 unreadable, 2 foreign, 3 late, 4 synthetic" in done.output
    assert "prediction of total_amount: baseline drift. It is 0.4." in done.output
    assert "docs/operations.md, Drift" in done.output
    assert f"Report: .mlops/monitoring/{DRIFTED}/report.html" in done.output


def test_requests_like_the_baseline_are_ok(
    repository: Path, mlops: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    Machine(monkeypatch, [], ran(FINE))
    done = mlops("monitor", "run")
    assert done.exit_code == 0, done.output
    assert "ok: the requests are like the baseline" in done.output


def test_nothing_captured_is_no_failure(
    repository: Path, mlops: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    Machine(monkeypatch, [], ran())
    done = mlops("monitor", "run")
    assert done.exit_code == 0
    assert "Nothing to judge. Nothing was captured." in done.output and "mlops monitor open" in done.output


def test_a_run_under_way_is_followed_and_reported_before_the_next_one(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, ["of the schedule"], ran(DRIFTED), ran(FINE))
    titles: list[str] = []
    both = release.result(
        release.run_monitoring(Repository(repository)),
        lambda event: titles.append(event.title) if isinstance(event, StepStarted) else None,
    )
    assert titles[:2] == ["Waiting for the run that is under way", "Monitoring what was captured since the last run"]
    assert [each.run.job for each in both] == [DRIFTED, FINE]
    assert machine.started == 1


def test_a_run_that_gives_way_to_another_one_is_started_again(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, [], BLOCKED, ran(FINE))
    [only] = release.result(release.run_monitoring(Repository(repository)))
    assert (only.run.job, machine.started) == (FINE, 2)
    # The words have their home in the state machine.
    definition = (REPOSITORY / "infra" / "monitoring.asl.json").read_text(encoding="utf-8")
    assert f'"Reason": "{monitoring.ANOTHER_RUNS}"' in definition


def test_a_run_that_failed_under_way_does_not_keep_the_next_one_from_starting(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Machine(monkeypatch, ["of the schedule"], "quota", ran(FINE))
    [only] = release.result(release.run_monitoring(Repository(repository)))
    assert only.run.job == FINE


def test_a_run_that_fails_gives_the_reason_of_its_job_and_its_log(
    repository: Path, mlops: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = {"ProcessingJobName": "demo-1-monitor", "ExitMessage": "no baseline", "FailureReason": "AlgorithmError"}
    Machine(monkeypatch, [], json.dumps(job))
    done = mlops("monitor", "run")
    assert done.exit_code == 1
    assert "demo-monitoring has failed: no baseline (States.TaskFailed)" in done.output
    assert "No record is lost" in done.output
    assert "Log: /aws/sagemaker/ProcessingJobs demo-1-monitor" in done.output


def test_ctrl_c_leaves_the_run_going(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, [], ran(FINE))
    events: list[object] = []

    def interrupt(event: object) -> None:
        events.append(event)
        if len(events) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        release.result(release.run_monitoring(Repository(repository)), interrupt)
    assert isinstance(events[-1], MonitoringContinues)


def test_nothing_in_production_is_a_wrong_input(session: Session, mlops: Callable[..., Result]) -> None:
    done = mlops("monitor", "run")
    assert done.exit_code == 2
    assert "Nothing is in production." in done.output


def test_a_project_without_the_state_machine_is_to_be_deployed(
    session: Session, mlops: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlops.aws.releases.deployed", lambda *_: {"ExecutionId": "1a2b3c4d"})
    done = mlops("monitor", "run")
    assert done.exit_code == 2
    assert "There is no state machine" in done.output and "Run: mlops deploy" in done.output


def test_fewer_violations_than_the_alarm_allows_raise_none(tmp_path: Path) -> None:
    lines = found(tmp_path, DRIFTED, allowed=1)
    assert "(1 violation, 1 allowed)." in lines[0]
    assert not [line for line in lines if "alarm" in line]


def test_predictions_are_judged_by_ground_truth(tmp_path: Path) -> None:
    first, counted, violation, alarm, _ = found(tmp_path, JUDGED)
    assert first == "By ground truth, predictions are worse than a release may be (1 violation)."
    assert counted.strip() == "70 rows with ground truth, 2 records without; rmse 9; 0 unreadable, 0 foreign"
    assert violation.strip() == "rmse: GreaterThanThreshold. It is 9."
    assert alarm.endswith("docs/operations.md, Quality")


@pytest.mark.parametrize(("job", "rows"), [(FINE, "rows"), (JUDGED, "quality_rows")])
def test_records_without_rows_are_nothing_to_judge(tmp_path: Path, job: str, rows: str) -> None:
    assert found(tmp_path, job, **{rows: 0})[0].startswith("Nothing to judge")


def test_a_run_of_an_image_that_does_not_name_the_target_has_the_names_of_the_file(tmp_path: Path) -> None:
    assert "baseline in total_amount, area" in found(tmp_path, DRIFTED, target=None)[0]


@pytest.fixture
def bucket(session: Session, names: Names, repository: Path) -> str:
    """The bucket of the repository with three runs, and one that has not ended."""
    name = Repository(repository).bucket
    client = session.client("s3")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": session.region})
    for job in METRICS:
        for file, content in files(job).items():
            client.put_object(Bucket=name, Key=f"monitoring/runs/{job}/{file}", Body=content.encode())
    client.put_object(Bucket=name, Key="monitoring/runs/demo-0000000z-monitor/manifest.json", Body=b"[]")
    return name


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were opened in the browser."""
    addresses: list[str] = []
    monkeypatch.setattr("click.launch", lambda url: addresses.append(url) or 0)
    return addresses


def test_the_newest_report_is_fetched_and_opened(
    bucket: str, repository: Path, mlops: Callable[..., Result], opened: list[str]
) -> None:
    done = mlops("monitor", "open")
    assert done.exit_code == 0, done.output
    folder = repository / ".mlops" / "monitoring" / FINE
    assert opened == [(folder / "report.html").as_uri()]
    assert (folder / "constraint_violations.json").exists()
    assert "ok: the requests are like the baseline" in done.output


def test_the_report_of_the_quality_is_apart_and_shown_without_a_browser_too(
    bucket: str, repository: Path, mlops: Callable[..., Result], opened: list[str]
) -> None:
    done = mlops("monitor", "open", "--quality", "--no-browser")
    assert done.exit_code == 0, done.output
    assert f"Report: .mlops/monitoring/{JUDGED}/report.html" in done.output and not opened


def test_a_machine_without_a_browser_is_shown_where_the_page_is(
    bucket: str, mlops: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.launch", lambda url: 1)
    assert f"There is no browser to open here: open .mlops/monitoring/{FINE}" in mlops("monitor", "open").output


def test_no_report_yet_is_a_wrong_input(session: Session, mlops: Callable[..., Result], repository: Path) -> None:
    done = mlops("monitor", "open")
    assert done.exit_code == 2
    assert "There is no bucket" in done.output
    client = session.client("s3")
    location = {"LocationConstraint": session.region}
    client.create_bucket(Bucket=Repository(repository).bucket, CreateBucketConfiguration=location)
    done = mlops("monitor", "open")
    assert done.exit_code == 2
    assert "There is no report" in done.output and "mlops monitor run" in done.output
