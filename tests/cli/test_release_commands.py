"""start, watch, approve, reject, status and logs, on a small pipeline in the local cloud."""

import getpass
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import small_pipeline
from baking import REPOSITORY
from deployed import log, stack
from small_pipeline import start
from waiting import until

from mlops.aws import api as rest_api
from mlops.aws import executions, logs, requested_by
from mlops.aws.session import Session
from mlops.cli import console
from mlops.names import Names


@pytest.fixture(autouse=True)
def pipeline(session: Session, names: Names, repository: Path) -> None:
    small_pipeline.create(session, names, repository)


def following(repository: Path, execution: str) -> subprocess.Popen[str]:
    """`mlops watch` in a separate process."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "mlops", "watch", execution],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_release_is_started_approved_and_followed_to_its_end(mlops, session: Session, names: Names):
    execution = start(mlops)
    waiting = mlops("watch", "--until-approval")
    assert waiting.exit_code == 0
    assert "Test/QA  done" in waiting.output
    assert "mlops approve" in waiting.output
    assert mlops("approve", "--comment", "the figures look right").exit_code == 0
    ended = mlops("watch", execution)
    assert ended.exit_code == 0
    assert "The release has succeeded" in ended.output
    approval = executions.read(session, names.pipeline, execution).stages[-1].actions[0]
    assert approval.summary == "the figures look right"


def test_an_execution_has_the_commit_and_the_settings_of_its_release(mlops, session: Session, names: Names):
    execution = start(mlops, "--tune", "--set", "num_round=60", "--set", "subsample=0.9")
    started = executions.read(session, names.pipeline, execution)
    assert started.variables == {
        "CommitId": "uncommitted",
        "Tune": "true",
        "HyperParameters": '{"num_round": "60", "subsample": "0.9"}',
        "StartedBy": getpass.getuser(),
        "Reason": "none given",
        "Link": "none",
        "Trigger": "manual",
    }


def test_a_workflows_release_names_its_actor_and_its_run(mlops, session: Session, names: Names, monkeypatch):
    run = {"ACTOR": "octocat", "SERVER_URL": "https://github.com", "REPOSITORY": "octo/model", "RUN_ID": "7"}
    for name, value in run.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    execution = start(mlops, "--reason", "newer\nfares")
    variables = executions.read(session, names.pipeline, execution).variables
    assert (variables["StartedBy"], variables["Reason"]) == ("octocat", "newer fares")
    assert variables["Link"] == "https://github.com/octo/model/actions/runs/7"


@pytest.mark.parametrize(
    ("event", "trigger"), [("push", "commit"), ("schedule", "schedule"), ("workflow_dispatch", "manual")]
)
def test_a_workflows_release_names_what_has_triggered_it(monkeypatch, event: str, trigger: str):
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    monkeypatch.setenv("GITHUB_EVENT_NAME", event)
    assert requested_by.of_this_call().variables["Trigger"] == trigger


def test_a_release_that_is_already_in_progress_is_followed(mlops, session: Session, names: Names, tmp_path):
    first = start(mlops)
    mlops("watch", "--until-approval")
    output = tmp_path / "output"
    done = mlops("start", "--data-version", "latest", "--supersede", "--execution-to", str(output))
    assert done.exit_code == 0, done.output
    assert output.read_text() == f"execution={first}\n"
    assert len(executions.recent(session, names.pipeline)) == 1


def test_an_unapproved_release_is_superseded_by_a_newer_one(mlops, session: Session, names: Names):
    first = start(mlops)
    mlops("watch", "--until-approval")
    done = mlops("start", "--supersede", "--hyperparameters", '{"max_depth": 3}')
    assert done.exit_code == 0, done.output
    assert f"Execution {first} is stopped" in done.output
    assert executions.read(session, names.pipeline, first).status in ("Stopping", "Stopped")


def test_a_start_outside_of_git_shows_how_to_tie_releases_to_commits(mlops, repository: Path):
    command, name = "git init && git add . && git commit", ("-c", "user.name=o", "-c", "user.email=o@example.org")
    assert mlops("start").output.count(command) == 1
    for arguments in (("init",), ("add", "."), ("commit", "-m", "First")):
        subprocess.run(["git", *name, *arguments], cwd=repository, check=True, capture_output=True)
    assert command not in mlops("start").output


def test_a_missing_data_version_is_refused(mlops, session: Session):
    start(mlops)
    done = mlops("start", "--data-version", "no-such-version")
    assert done.exit_code == 2
    assert "has no version no-such-version" in done.output and "latest" in done.output


@pytest.mark.parametrize("text", ["{", "[]", '{"depth": 3}'])
def test_invalid_hyperparameters_are_refused(mlops, session: Session, text: str):
    done = mlops("start", "--hyperparameters", text)
    assert done.exit_code == 2
    assert "hyperparameters of this release" in done.output


def test_code_and_data_are_taken_in_the_versions_that_were_uploaded(mlops, session: Session, names: Names):
    execution = start(mlops)
    mlops("watch", "--until-approval")
    bucket = names.bucket(session.account, session.region)
    current = session.client("s3").head_object(Bucket=bucket, Key="data/data.zip")["VersionId"]
    assert executions.read(session, names.pipeline, execution).revisions["Data"] == current


def test_a_failed_build_is_shown_with_its_reason_and_its_log(mlops, repository: Path):
    (repository / "check.sh").write_text("echo p95 latency 812 ms is over the bound of 500 ms.\nexit 1\n")
    execution = start(mlops)
    result = mlops("watch")
    assert result.exit_code == 1
    assert "Test/QA failed: p95 latency 812 ms is over the bound of 500 ms." in result.output
    assert f"mlops logs Test/QA --execution {execution}" in result.output
    status = mlops("status")
    assert status.exit_code == 0
    whole = f"Whole log: mlops logs Test/QA --execution {execution}\n"
    assert re.search(
        rf"\nTest/QA failed: p95 latency 812 ms is over the bound of 500 ms\.\nLog: .*\n{whole}", status.output
    )
    log = mlops("logs", "Test/QA", "--execution", execution)
    assert "p95 latency 812 ms" in log.output
    assert mlops("logs", "qa").output == log.output
    listed = mlops("logs").output
    assert re.search(r"\n  Test/QA +/aws/codebuild/\S+ \S+  ← of the failure\n", listed), listed
    assert listed.endswith(f"500 ms.\nPrint its log: mlops logs Test/QA --execution {execution}\n")


def test_a_rejected_release_fails_with_the_comment(mlops, monkeypatch):
    execution = start(mlops)
    mlops("watch", "--until-approval")
    for blank in ([], ["--comment", " "]):
        refused = mlops("reject", *blank)
        assert refused.exit_code == 2
        assert f"Nothing is rejected. Give it with: mlops reject {execution[:8]} --comment WHY\n" in refused.output
    monkeypatch.setattr(console, "has_input", lambda: True)
    rejected = mlops("reject", input="too slow on Mondays\n")
    assert rejected.exit_code == 0, rejected.output
    assert "Comment, which is kept with the rejection: " in rejected.output
    assert rejected.output.endswith("commit it, and run: mlops start\n") and "mlops watch" not in rejected.output
    result = mlops("watch")
    assert result.exit_code == 1
    sentence = "Approve/Release was not approved: rejected by administrator: too slow on Mondays"
    assert "Approve/Release  rejected" in result.output and sentence in result.output
    status = mlops("status").output
    assert re.search(r"Release +rejected +\S.*  by administrator: too slow on Mondays", status) and sentence in status


def test_nothing_to_approve_is_a_wrong_input(mlops):
    result = mlops("approve")
    assert result.exit_code == 2
    assert "No release waits for an approval" in result.output


def test_an_unknown_execution_is_a_wrong_input(mlops):
    result = mlops("watch", "11111111-2222-3333-4444-555555555555")
    assert result.exit_code == 2
    assert "has no execution 11111111-2222" in result.output


@pytest.mark.parametrize("setting", ["max_depth", "=6", "max_depth="])
def test_a_setting_without_name_or_value_is_refused_before_anything_starts(mlops, setting: str):
    result = mlops("start", "--set", setting)
    assert result.exit_code == 2
    assert "--set max_depth=6" in result.output
    assert mlops("status").exit_code == 2


def test_status_shows_versions_actions_and_endpoints(mlops):
    start(mlops)
    mlops("watch", "--until-approval")
    output = mlops("status").output
    assert "CommitId: uncommitted" in output
    assert re.search(r"QA +done", output)
    assert re.search(r"Release +waiting", output)
    assert "production: no endpoint" in output
    assert output.endswith("\nAlarms: none is active\n")


def test_status_names_the_active_alarms_of_the_project_and_their_section(mlops, session: Session, names: Names):
    start(mlops)
    cloudwatch = session.client("cloudwatch")
    bound = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1.0}
    metric = {"Namespace": names.metrics, "MetricName": "Violations", "Period": 60, "Statistic": "Sum"}
    project = names.project
    ours, others = f"{project}-monitoring-drift", (f"{project}-monitoring-quality", f"{project}-b-production-5xx")
    for name, missing in zip((ours, *others), ("breaching", "notBreaching", "breaching"), strict=True):
        alarm = {"AlarmName": name, "AlarmDescription": "The requests differ. In docs/operations.md - Drift"}
        cloudwatch.put_metric_alarm(**alarm, TreatMissingData=missing, **bound, **metric)
    until(lambda: len(cloudwatch.describe_alarms(AlarmNamePrefix=project, StateValue="ALARM")["MetricAlarms"]) == 2)
    shown = mlops("status").output.partition("Alarms")[2]
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.fullmatch(rf' that are active:\n  {ours} since {when}: see "Drift" in docs/operations\.md\n', shown), (
        shown
    )


def test_all_releases_on_their_way_are_listed_with_their_commands(mlops, session: Session, names: Names):
    first = start(mlops, "--reason", "newer fares")
    mlops("watch", "--until-approval")
    started = mlops("start")
    second = re.search(r"Execution (\S+) of the pipeline", started.output)[1]
    decide = f"mlops approve {first[:8]}, mlops reject {first[:8]}, or mlops stop {first[:8]}\n"
    assert re.search(rf"Before this one, newest first:\n  {first} waits for approval since .*\n", started.output)
    assert f"commit uncommitted, manual by {getpass.getuser()}: newer fares\n" in started.output
    assert decide in started.output
    shown = mlops("status", first).output.partition("On their way, newest first:")[2]
    assert shown.index(f"  {second} ") < shown.index(f"mlops stop {second[:8]}\n") < shown.index(f"  {first} waits for")
    assert decide in shown
    for command in ("approve", "reject"):
        refused = mlops(command)
        assert (refused.exit_code, f"such as mlops {command} {first[:8]}" in refused.output) == (2, True)
        assert f"  {first}  commit uncommitted, waits for approval" in refused.output and second in refused.output
    assert executions.read(session, names.pipeline, first).waiting_approval
    assert mlops("approve", first[:8]).exit_code == 0


def test_a_queued_execution_names_the_one_that_it_waits_for(mlops, repository: Path):
    first = start(mlops)
    mlops("watch", "--until-approval")
    second = start(mlops, "--no-watch")
    watch = following(repository, second)
    for line in watch.stdout:
        if "It waits for" in line:
            break
    watch.kill()
    assert line.startswith(f"It waits for the execution {first}.")
    assert f"It waits for the execution {first}." in mlops("status", second).output


def test_an_execution_is_named_by_its_first_characters(mlops):
    execution = start(mlops)
    assert f"Execution {execution}:" in mlops("status", execution[:8]).output


@pytest.mark.parametrize("command", ["status", "watch", "report", "approve"])
def test_a_missing_execution_is_refused_with_a_list_of_the_existing_ones(mlops, command: str):
    execution = start(mlops)
    result = mlops(command, "nothing")
    assert result.exit_code == 2
    assert "No execution begins with 'nothing'" in result.output
    assert execution in result.output


def test_a_release_that_does_not_fit_the_deployed_stacks_is_refused(mlops, session: Session, names: Names):
    stack(session, names.stack("endpoints"), ClientsCall="endpoint")
    result = mlops("start")
    assert result.exit_code == 2
    assert "clients_call: api, but the stacks are deployed for endpoint. Run: mlops deploy" in result.output


def test_logs_without_a_name_lists_the_existing_logs(mlops):
    start(mlops)
    mlops("watch", "--until-approval")
    output = mlops("logs").output
    assert "Test/QA" in output
    assert "endpoint" not in output.lower() and "failure" not in output
    assert mlops("logs", "Train").output.endswith("has no log Train. Its logs: Test/QA\n")


@pytest.fixture
def api(session: Session, names: Names) -> None:
    """Production with an API, and with an endpoint named old."""
    stack(session, names.endpoint_stack("production"), ClientsCall="api", EndpointName="old")


def test_the_functions_around_the_api_have_logs(mlops, api, session: Session, names: Names):
    start(mlops)
    functions = ("api", "before-traffic", "after-traffic")
    for function in functions:
        log(session, f"/aws/lambda/{names.project}-{function}", f"{function} writes")
    listed = mlops("logs").output
    for function in functions:
        assert re.search(rf"function {function} +/aws/lambda/{names.project}-{function}\n", listed)
        assert f"{function} writes" in mlops("logs", "function", function).output
    unknown = mlops("logs", "function", "apo")
    assert unknown.exit_code == 2
    assert "There is no log function apo. Allowed are:" in unknown.output and "function api" in unknown.output


def test_where_clients_call_the_endpoint_no_function_is_listed(mlops, session: Session, names: Names):
    start(mlops)
    log(session, f"/aws/lambda/{names.project}-api", "of an earlier setting")
    assert "function" not in mlops("logs").output
    assert mlops("logs", "function", "api").exit_code == 2


def test_the_listed_log_of_an_endpoint_is_the_one_that_is_printed(mlops, api, session: Session, names: Names):
    execution = start(mlops)
    own = names.release_endpoint(execution)
    for endpoint in ("old", own):
        log(session, f"/aws/sagemaker/Endpoints/{endpoint}", "the model is loaded")
    assert re.search(r"endpoint production +/aws/sagemaker/Endpoints/old\n", mlops("logs").output)
    assert mlops("logs", "endpoint", "production").output.endswith("the model is loaded\n")
    assert f"/aws/sagemaker/Endpoints/{own}\n" in mlops("logs", "--execution", execution[:8]).output
    empty = mlops("logs", "endpoint", "test", "--execution", execution[:8]).output
    assert empty.startswith("The log is empty: /aws/sagemaker/Endpoints/")


def test_the_log_of_an_executions_endpoint_is_followed_without_an_end(
    mlops, api, session: Session, names: Names, monkeypatch
):
    execution = start(mlops)
    log(session, f"/aws/sagemaker/Endpoints/{names.release_endpoint(execution)}", "the model is loaded")
    ends, follow = [], logs.follow

    def once(session: Session, location: logs.LogLocation, *, finished):
        ends.append(finished())
        return follow(session, location, finished=lambda: True)

    monkeypatch.setattr(logs, "follow", once)
    result = mlops("logs", "endpoint", "production", "--execution", execution, "-f")
    assert result.exit_code == 0, result.output
    assert "the model is loaded" in result.output
    assert ends == [False]


@pytest.mark.parametrize("what", [["endpoint", "production"], ["Test/QA"], []])
@pytest.mark.parametrize("execution", ["garbage", "11111111-2222-3333-4444-555555555555"])
def test_logs_of_a_missing_execution_are_refused(mlops, execution: str, what: list[str]):
    start(mlops)
    result = mlops("logs", *what, "--execution", execution)
    assert result.exit_code == 2
    assert execution in result.output and "The log is empty" not in result.output


def test_an_api_that_fails_names_the_log_of_its_function(mlops, names: Names, monkeypatch):
    class Broken:
        url = "https://api.example.org/v1"

        def predict(self, body: bytes, *, content_type: str, accept: str) -> rest_api.Response:
            return rest_api.Response(502, b"Internal server error", "text/plain", "")

    monkeypatch.setattr(rest_api, "called_by_clients", lambda *_: Broken())
    result = mlops("invoke", "1,2,3")
    assert result.exit_code == 1
    assert f"failed (502): Internal server error\nLog: /aws/lambda/{names.project}-api\n" in result.output
    assert "Whole log: mlops logs function api\n" in result.output


def test_following_a_log_ends_when_its_writer_has_ended(mlops, repository: Path):
    start(mlops)
    mlops("watch", "--until-approval")
    assert "p95 latency 12 ms" in mlops("logs", "-f", "Test/QA").output


def test_a_missing_endpoint_is_reported(mlops):
    result = mlops("invoke", "1,2,3")
    assert result.exit_code == 2
    assert "There is no endpoint" in result.output


def test_control_c_leaves_the_execution_running(mlops, session: Session, names: Names, repository: Path):
    execution = start(mlops)
    watch = following(repository, execution)
    for line in watch.stdout:
        if "waiting" in line:
            break
    watch.send_signal(signal.SIGINT)
    output, _ = watch.communicate(timeout=120)
    assert f"mlops watch {execution}" in output
    assert "Traceback" not in output
    assert watch.returncode == 1
    assert executions.read(session, names.pipeline, execution).status == "InProgress"
