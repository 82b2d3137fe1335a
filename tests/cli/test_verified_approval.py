"""`mlops approve` compares the release's source with the checkout, which is what the reviewer has read."""

from pathlib import Path

import pytest
import small_pipeline
from commits import git

from mlops.aws import objects, pipeline
from mlops.aws.executions import read
from mlops.aws.requested_by import RequestedBy
from mlops.aws.session import Session
from mlops.names import Names


@pytest.fixture(autouse=True)
def committed(session: Session, names: Names, repository: Path) -> str:
    """Create a pipeline and commit the repository; the commit's id."""
    small_pipeline.create(session, names, repository)
    (repository / ".gitignore").write_text(".mlops/\n")
    git(repository, "init", "--quiet")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "First")
    return git(repository, "rev-parse", "HEAD")


def wait_for_approval(mlops) -> None:
    done = mlops("watch", "--until-approval")
    assert done.exit_code == 0, done.output


def approval_state(session: Session, names: Names, execution: str) -> str:
    return read(session, names.pipeline, execution).stages[-1].actions[0].state


@pytest.fixture
def mislabelled(mlops, session: Session, names: Names, repository: Path, committed: str) -> str:
    """An execution whose CommitId is the commit, and whose source differs from it."""
    bucket = names.bucket(session.account, session.region)
    original = (repository / "check.sh").read_text()
    (repository / "check.sh").write_text(f"{original}echo and something else\n")
    code = objects.upload_source(session, bucket, repository)
    (repository / "check.sh").write_text(original)
    data = objects.upload_data(session, bucket, repository / ".mlops" / "dataset")
    variables = {"CommitId": committed, "Tune": "false", "HyperParameters": "{}"}
    request = pipeline.ReleaseRequest(
        names.pipeline, variables, {"Code": code, "Data": data}, RequestedBy("someone", "none", "none")
    )
    execution = pipeline.start(session, request)
    wait_for_approval(mlops)
    return execution


@pytest.mark.parametrize("options", [[], ["--verify-source"]])
def test_the_commit_that_is_checked_out_is_approved(mlops, committed: str, options: list[str]):
    assert mlops("start").exit_code == 0
    wait_for_approval(mlops)
    done = mlops("approve", *options)
    assert done.exit_code == 0, done.output
    assert f"The source of the release is this checkout ({committed}), byte for byte." in done.output


@pytest.mark.parametrize("options", [[], ["--verify-source"]])
def test_a_release_whose_source_differs_from_its_commit_is_not_approved(
    mlops, session: Session, names: Names, mislabelled: str, options: list[str]
):
    done = mlops("approve", mislabelled, *options)
    assert done.exit_code == 1
    assert f"the source of the execution {mislabelled} is not this checkout" in done.output
    assert f"mlops reject {mislabelled}" in done.output
    assert approval_state(session, names, mislabelled) == "InProgress"


def test_a_release_of_another_commit_is_approved_without_verify_source(mlops, repository: Path, committed: str):
    assert mlops("start").exit_code == 0
    wait_for_approval(mlops)
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "Second")
    (repository / "check.sh").write_text("echo changed\n")
    refused = mlops("approve", "--verify-source")
    assert refused.exit_code == 1
    assert f"names commit {committed}, this checkout is " in refused.output
    approved = mlops("approve")
    assert approved.exit_code == 0, approved.output
    assert f"The source is not compared: the release is of commit {committed}, this checkout is " in approved.output


def test_an_approval_of_uncommitted_changes_is_refused(mlops, repository: Path, committed: str):
    (repository / "check.sh").write_text("echo changed\n")
    assert mlops("start").exit_code == 0
    wait_for_approval(mlops)
    approved = mlops("approve")
    assert approved.exit_code == 0, approved.output
    assert "To compare uncommitted changes run: mlops approve --verify-source" in approved.output


def test_a_source_without_a_sha256_in_s3_is_not_approved(mlops, session: Session, names: Names, committed: str):
    s3, bucket = session.client("s3"), names.bucket(session.account, session.region)
    assert mlops("start").exit_code == 0
    wait_for_approval(mlops)
    assert mlops("reject", "--comment", "its source is not known").exit_code == 0
    content = s3.get_object(Bucket=bucket, Key="source/source.zip")["Body"].read()
    code = s3.put_object(Bucket=bucket, Key="source/source.zip", Body=content, Metadata={"sha256": "claimed"})
    data = s3.head_object(Bucket=bucket, Key="data/data.zip")["VersionId"]
    variables = {"CommitId": committed, "Tune": "false", "HyperParameters": "{}"}
    versions = {"Code": code["VersionId"], "Data": data}
    pipeline.start(
        session, pipeline.ReleaseRequest(names.pipeline, variables, versions, RequestedBy("someone", "none", "none"))
    )
    wait_for_approval(mlops)
    assert mlops("approve").exit_code == 1


def test_a_rejection_does_not_compare_the_source(mlops, session: Session, names: Names, mislabelled: str):
    assert mlops("reject", mislabelled, "--comment", "another source").exit_code == 0
    assert approval_state(session, names, mislabelled) != "InProgress"
