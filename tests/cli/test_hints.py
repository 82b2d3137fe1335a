"""What a command says so that the next one works."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from baking import REPOSITORY
from settings import REGION

from mlops import release
from mlops.aws import executions, jobs, model_packages
from mlops.aws.executions import Execution
from mlops.aws.model_packages import ModelPackage
from mlops.aws.session import Session
from mlops.cli.show import show
from mlops.errors import InputError
from mlops.localcloud import launch, logfiles, ports
from mlops.release import Repository, rollback, watching

FIRST, SECOND = "1a2b3c4d-0000-4000-8000-000000000000", "9f9f3c4d-0000-4000-8000-000000000000"


@pytest.fixture
def cloud_of_the_repository(repository: Path) -> Iterator[launch.Running]:
    handle = launch.start(REPOSITORY, repository / ".mlops" / "local", port=ports.free_port(), region=REGION)
    yield handle.running
    handle.stop()


def test_missing_credentials_suggest_the_local_cloud(cloud_of_the_repository: launch.Running, mlops, monkeypatch):
    monkeypatch.setattr("sys.argv", ["mlops", "logs", "function api", "--lines", "5"])
    result = mlops("logs", "function api", "--lines", "5")
    assert result.exit_code == 2
    assert "No AWS credentials found. For AWS sign in" in result.output
    assert "mlops local up" not in result.output
    assert f"The local cloud of this repository runs on port {cloud_of_the_repository.port}." in result.output
    assert "eval \"$(mlops local env)\" && mlops logs 'function api' --lines 5\n" in result.output


def test_the_address_of_an_ended_cloud_suggests_the_one_that_runs(
    cloud_of_the_repository: launch.Running, mlops, monkeypatch
):
    for name, value in cloud_of_the_repository.environment.items():
        monkeypatch.setenv(name, value)
    ended = f"http://127.0.0.1:{ports.free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", ended)
    monkeypatch.setattr("sys.argv", ["mlops", "status"])
    result = mlops("status")
    assert result.exit_code == 2
    assert f"Nothing answers at {ended}.\nThe local cloud of this repository runs on port" in result.output
    assert result.output.endswith('To use it: eval "$(mlops local env)" && mlops status\n')


def test_with_credentials_a_local_cloud_is_not_guessed(
    cloud_of_the_repository: launch.Running, mlops, monkeypatch, cloud: launch.Running
):
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    result = mlops("logs")
    assert result.exit_code == 2
    assert "There is no pipeline" in result.output
    assert "runs on port" not in result.output


def test_a_row_may_begin_with_a_negative_number(repository: Path, mlops, monkeypatch):
    requests = []
    monkeypatch.setattr(release, "invoke", lambda _, body, **options: requests.append((body, options)) or b"1.5")
    result = mlops("invoke", "-762,1,high", "-.5,2,low", "--accept", "json")
    assert result.exit_code == 0, result.output
    types = {"content_type": "text/csv", "accept": "application/json"}
    assert requests == [(b"-762,1,high\n-.5,2,low", {"stage": "production", **types})]


def test_an_option_that_does_not_exist_is_still_refused(repository: Path, mlops):
    result = mlops("invoke", "1,2", "--acept", "json")
    assert result.exit_code == 2
    assert "No such option" in result.output


def succeeded(tune: str) -> Execution:
    return Execution("demo", FIRST, "Succeeded", "", {"Tune": tune}, {}, "", ())


def test_a_tuned_release_prints_how_the_next_one_gets_its_hyperparameters(
    session: Session, repository: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(executions, "read", lambda *_: succeeded("true"))
    monkeypatch.setattr(jobs, "tuned_hyperparameters", lambda *_: {"eta": "0.12", "max_depth": "7"})
    show(watching.watch(Repository(repository), FIRST))
    output = capsys.readouterr().out
    assert "Its tuned hyperparameters: --set eta=0.12 --set max_depth=7\n" in output
    assert "configuration/trainingjob.json" in output


def test_an_untuned_release_prints_no_hyperparameters(
    session: Session, repository: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(executions, "read", lambda *_: succeeded("false"))
    show(watching.watch(Repository(repository), FIRST))
    assert re.fullmatch(r"The release has succeeded in .*\.\n", capsys.readouterr().out)


def test_an_execution_without_a_tuning_job_has_no_tuned_hyperparameters(session: Session):
    assert jobs.tuned_hyperparameters(session, "demo-1a2b3c4d") == {}


@pytest.fixture
def released(monkeypatch) -> None:
    """Two approved packages, the newest first."""
    packages = [
        ModelPackage("arn", version, "Approved", datetime.now(UTC), None, execution, "", "")
        for version, execution in ((3, SECOND), (1, FIRST))
    ]
    monkeypatch.setattr(model_packages, "newest_first", lambda *_: iter(packages))


@pytest.mark.parametrize(("given", "version"), [(None, None), ("3", 3), ("12", 12), (FIRST, 1), ("9f9f", 3)])
def test_a_release_to_roll_back_to_is_named_as_packages_or_as_answers_name_it(
    session: Session, repository: Path, released: None, given: str | None, version: int | None
):
    assert rollback.version_number(Repository(repository), given) == version


@pytest.mark.parametrize("given", ["", "0", "v3", "ffff", "-1"])
def test_a_release_that_does_not_exist_is_refused_with_those_that_do(
    session: Session, repository: Path, released: None, given: str
):
    with pytest.raises(InputError, match=re.escape(f"such as:\n  3  {SECOND}\n  1  {FIRST}")):
        rollback.version_number(Repository(repository), given)


@pytest.mark.parametrize(
    ("group", "stream", "file"),
    [
        ("/aws/codebuild/demo-build", "7c1d", "builds/demo-build/7c1d/build.log"),
        ("/aws/codepipeline/demo", "8e2f", "image-builds/8e2f/build.log"),
        ("/aws/sagemaker/TrainingJobs", "demo-1a2b/", "training-jobs/demo-1a2b/algo-1.log"),
        ("/aws/sagemaker/Endpoints/demo--trips-test", "", "endpoints/demo--trips-test/AllTraffic/i-1.log"),
    ],
)
def test_the_file_of_a_log_is_found_by_its_place(tmp_path: Path, group: str, stream: str, file: str):
    for other in (file, "builds/demo-build/other/build.log", "cloud.log"):
        (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / other).touch()
    assert logfiles.find(tmp_path, group, stream) == [tmp_path / file]
    assert logfiles.find(tmp_path, "/aws/none", "none") == []


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (("local", "stop"), "No such command 'stop'. Did you mean 'down'?"),
        (("stat",), "No such command 'stat'. Did you mean 'start' or 'status'?"),
        (("tomorrow",), "No such command 'tomorrow'.\n"),
    ],
)
def test_a_command_that_does_not_exist_suggests_one_that_does(mlops, command: tuple[str, ...], hint: str):
    done = mlops(*command)
    assert (done.exit_code, hint in done.output) == (2, True), done.output
