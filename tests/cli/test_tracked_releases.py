"""`mlops track`, and `mlops watch` where an MLflow server is configured."""

import json
import sys
from pathlib import Path

import pytest
import small_pipeline

from mlops import configuration, tracking
from mlops.aws.session import Session
from mlops.errors import InputError
from mlops.names import Names
from mlops.tracking import Run

URI = "http://127.0.0.1:5000/mlflow"


def configure(repository: Path, uri: str) -> None:
    file = repository / "configuration" / "project.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "tracking_uri": uri}))


@pytest.fixture(autouse=True)
def pipeline(session: Session, names: Names, repository: Path) -> None:
    small_pipeline.create(session, names, repository)
    session.client("sagemaker").create_model_package_group(ModelPackageGroupName=names.model_package_group)


def test_a_release_that_succeeds_stays_so_when_its_run_cannot_be_tracked(mlops, repository: Path, monkeypatch) -> None:
    configure(repository, URI)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert mlops("start").exit_code == 0
    waiting = mlops("watch", "--until-approval")
    assert waiting.exit_code == 0 and "tracked" not in waiting.output
    running = mlops("track")
    assert running.exit_code == 2 and "allowed is one that has ended" in running.output
    mlops("approve")
    ended = mlops("watch")
    assert ended.exit_code == 0
    assert "The run is not tracked" in ended.output and "pip install mlflow-skinny" in ended.output


def test_a_release_that_ends_is_sent_with_its_report_and_its_requester(
    mlops, repository: Path, names: Names, monkeypatch
) -> None:
    configure(repository, URI)
    sent: list[tuple[str, Run, list[str]]] = []

    def write(uri: str, run: Run) -> str:
        sent.append((uri, run, [file.name for file, _ in run.artifacts if file.stat().st_size]))
        return "r1"

    monkeypatch.setattr(tracking, "write", write)
    mlops("start")
    mlops("watch", "--until-approval")
    mlops("approve")
    ended = mlops("watch")
    assert ended.exit_code == 0 and f"is run r1 on {URI}" in ended.output
    ((uri, run, files),) = sent
    assert (uri, run.experiment, run.succeeded) == (URI, names.model_package_group, True)
    assert 0 < run.started < run.ended
    assert set(files) == {"report.html", "report.md", "report.json"}
    assert run.tags["mlops.trigger"] == "manual" and run.tags["mlflow.source.git.commit"] == "uncommitted"


def test_tracking_without_a_server_is_refused_with_what_is_allowed(mlops) -> None:
    refused = mlops("track")
    assert refused.exit_code == 2
    assert "configuration/project.json has no tracking_uri" in refused.output


@pytest.mark.parametrize(
    "uri",
    [
        URI,
        "https://mlflow.example.org",
        "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/runs",
        "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-ABC123",
    ],
)
def test_a_server_is_configured_by_its_address_or_its_arn(repository: Path, uri: str) -> None:
    configure(repository, uri)
    assert configuration.load(repository).project.tracking_uri == uri


@pytest.mark.parametrize("uri", ["sqlite:///runs.db", "https://me:secret@mlflow.example.org", "runs", "http://"])
def test_another_place_or_a_password_is_refused(repository: Path, uri: str) -> None:
    configure(repository, uri)
    with pytest.raises(InputError, match="tracking_uri"):
        configuration.load(repository)
