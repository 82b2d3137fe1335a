"""`mlops batch`: a data set scored by a transform job in the local cloud, and what is refused before one starts."""

import errno
import io
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from baking import REPOSITORY
from batch_model import Production

from mlops.aws.session import Session
from mlops.container.kinds import Category, Number
from mlops.errors import InputError
from mlops.names import Names
from mlops.release.tables import Table

pytestmark = pytest.mark.acceptance


@pytest.fixture
def production(session: Session, names: Names) -> Production:
    return Production(session, names)


def write(repository: Path, text: str) -> None:
    (repository / "rows.csv").write_text(text, encoding="utf-8")


def read(repository: Path) -> str:
    return (repository / "scored.csv").read_text(encoding="utf-8")


def test_rows_with_a_header_keep_their_columns_and_get_a_prediction(mlops, repository: Path, production: Production):
    production.release()
    write(repository, 'id,area,note,distance\n7,north,"a, ""b""",1.5\n8,,\u2028é,2\n9,south,,\n')
    done = mlops("batch", "rows.csv", "scored.csv", "--no-drift")
    assert done.exit_code == 0, done.output
    assert "3 rows with predictions are in scored.csv" in done.output
    expected = 'id,area,note,distance,prediction\n7,north,"a, ""b""",1.5,15\n8,,\u2028é,2,20\n9,south,,,0\n'
    assert read(repository) == expected


def test_rows_without_a_header_are_the_models_features(mlops, repository: Path, production: Production):
    production.release()
    write(repository, "1,north\n2,south")
    assert mlops("batch", "rows.csv", "scored.csv", "--no-drift").exit_code == 0
    assert read(repository) == "1,north,10\n2,south,20\n"


def test_a_classification_gives_label_and_probability(mlops, repository: Path, production: Production):
    production.release(labels=True)
    write(repository, "distance,area\n1,north\n")
    assert mlops("batch", "rows.csv", "scored.csv", "--no-drift").exit_code == 0
    assert read(repository) == "distance,area,prediction,probability\n1,north,yes,0.75\n"


def test_input_and_output_may_be_objects_in_s3(mlops, repository: Path, production: Production, session: Session):
    production.release()
    s3 = session.client("s3")
    s3.put_object(Bucket=production.bucket, Key="own/rows.csv", Body="\ufeffarea,distance\nnorth,3\n".encode())
    place = f"s3://{production.bucket}/own"
    done = mlops("batch", f"{place}/rows.csv", f"{place}/scored.csv", "--no-drift")
    assert done.exit_code == 0, done.output
    scored = s3.get_object(Bucket=production.bucket, Key="own/scored.csv")["Body"].read()
    assert scored == b"area,distance,prediction\nnorth,3,30\n"


def test_the_job_has_the_configured_instances_and_the_lineage_of_the_release(
    mlops, repository: Path, production: Production, session: Session, names: Names
):
    production.release()
    write(repository, "1,north\n")
    file = repository / "configuration" / "production.yml"
    file.write_text(f"{file.read_text()}\nbatch:\n  InstanceType: ml.c5.xlarge\n")
    assert mlops("batch", "rows.csv", "scored.csv", "--no-drift", "--instance-count", "2").exit_code == 0
    client = session.client("sagemaker")
    [job] = client.list_transform_jobs(NameContains=f"{names.project}-")["TransformJobSummaries"]
    described = client.describe_transform_job(TransformJobName=job["TransformJobName"])
    assert re.fullmatch(f"{names.project}-[0-9a-f]{{8}}-batch", job["TransformJobName"])
    assert described["TransformResources"]["InstanceType"] == "ml.c5.xlarge"
    assert described["TransformResources"]["InstanceCount"] == 2
    assert described["TransformResources"]["VolumeKmsKeyId"] == described["TransformOutput"]["KmsKeyId"]
    tags = {tag["Key"]: tag["Value"] for tag in client.list_tags(ResourceArn=job["TransformJobArn"])["Tags"]}
    assert (tags["commit"], tags["data-version"]) == ("5f3c9a1", "v1")


def test_a_row_that_the_model_refuses_fails_with_the_models_reason(mlops, repository: Path, production: Production):
    production.release()
    write(repository, "1,north\n13,south\n")
    done = mlops("batch", "rows.csv", "scored.csv", "--no-drift")
    assert done.exit_code == 1
    assert "has failed: ClientError: See job logs for more information" in done.output
    assert "13 is refused by this model alone" in done.output
    assert "Log: /aws/sagemaker/TransformJobs" in done.output
    assert not (repository / "scored.csv").exists()


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("", "rows.csv is empty"),
        ("distance,area\n", "has a header and no rows"),
        ("distance,region\n1,north\n", "the header has no column area; the model needs distance, area"),
        ("1,north,7\n", "the first row has 3 columns and is no header with the model's features"),
        ("distance,area,area\n1,north,north\n", "has area twice"),
        ("distance,area,prediction\n1,north,2\n", "has prediction, which is the name of a column of the result"),
        ("distance,area\n1,north\n-1,north\n", 'row 2 after the header, column distance: found "-1", allowed is'),
        ("1,north\n1,mars\n", 'row 2, column area: found "mars", allowed is one of north, south'),
        ("\ufeffdistance;area\n0,5;north\n", 'found ";" between the columns of the first row; allowed are commas'),
        ("0,5;north\n", 'found ";" between the columns'),
        ('"0,5";"north"\n', 'found ";" between the columns'),
        ("7;8;north\n", 'found ";" between the columns'),
        ("area\tdistance\nnorth\t1\n", "found tabs between the columns"),
        ("1,no;rth\n", 'row 1, column area: found "no;rth"'),
        ("1,north\n1\n", "row 2, found 1 columns, expected 2"),
        ('id,distance,area\n"a\nb",1,north\n', "row 1 after the header, found a line break within quotes"),
        ('distance,area\n"1,north\n', "not CSV"),
    ],
)
def test_rows_that_the_model_does_not_take_are_refused(rows: str, reason: str):
    features = (Number("distance", minimum=0), Category("area", ("north", "south")))
    with pytest.raises(InputError, match=re.escape(reason)):
        list(Table(io.StringIO(rows, newline=""), "rows.csv", features, Number("fare")).rows())


def test_no_job_starts_for_rows_that_the_model_does_not_take(
    mlops, repository: Path, production: Production, session: Session, names: Names
):
    production.release()
    write(repository, "1,north\n-1,north\n")
    done = mlops("batch", "rows.csv", "scored.csv", "--no-drift")
    assert done.exit_code == 2
    assert 'rows.csv: row 2, column distance: found "-1", allowed is a number, at least 0' in done.output
    assert session.client("sagemaker").list_transform_jobs(NameContains=names.project)["TransformJobSummaries"] == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("nowhere.csv", "scored.csv"), "There is no file nowhere.csv"),
        (("rows.parquet", "scored.csv"), "found .parquet; allowed is CSV"),
        (("s3://bucket/folder/", "scored.csv"), "s3://bucket/folder/ names no object"),
        (("rows.csv", "no-folder/scored.csv"), "no-folder/scored.csv: No such file or directory; allowed is a file"),
        (("rows.csv", "configuration"), "configuration: is no file; allowed is a file in an existing folder"),
        (("rows.csv", "/proc/self/scored.csv"), "/proc/self/scored.csv: No such file or directory; allowed is a file"),
        (("--job", "demo-1a2b3c4d-batch", "/proc/self/scored.csv"), "/proc/self/scored.csv: No such file or directory"),
        (("rows.csv", "s3://no-bucket-of-mine/scored.csv"), "There is no bucket no-bucket-of-mine"),
        (("rows.csv",), "Found 1 arguments, allowed are 2: INPUT OUTPUT"),
        (("rows.csv", "scored.csv", "--job", "x"), "Found 2 arguments, allowed are 1: OUTPUT"),
        (("rows.csv", "scored.csv"), "Nothing is in production."),
        (("scored.csv", "--job", "another-1a2b3c4d-batch"), "There is no transform job another-1a2b3c4d-batch"),
    ],
)
def test_a_wrong_input_is_refused_with_what_is_allowed(
    mlops, repository: Path, session: Session, arguments: tuple[str, ...], reason: str
):
    write(repository, "1,north\n")
    done = mlops("batch", *arguments)
    assert (done.exit_code, reason in done.output) == (2, True), done.output


def test_a_result_that_cannot_be_written_at_the_end_is_written_by_the_command_that_the_error_names(
    mlops, repository: Path, production: Production, monkeypatch: pytest.MonkeyPatch
):
    production.release()
    write(repository, "1,north\n")
    with monkeypatch.context() as full:

        def refuse(source: Path, target: Path) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        full.setattr(shutil, "move", refuse)
        done = mlops("batch", "rows.csv", "scored.csv", "--no-drift")
    assert done.exit_code == 2, done.output
    assert "Error: scored.csv: No space left on device; allowed is a file" in done.output
    [command] = re.findall(r"Write its result with: mlops (batch --job \S+) OUTPUT", done.output)
    assert mlops(*command.split(), "scored.csv", "--no-drift").exit_code == 0
    assert read(repository) == "1,north,10\n"


def test_a_missing_object_is_named(mlops, repository: Path, production: Production):
    production.release()
    uri = f"s3://{production.bucket}/missing.csv"
    done = mlops("batch", uri, "scored.csv")
    assert (done.exit_code, f"There is no object {uri}" in done.output) == (2, True), done.output


def test_a_release_without_a_model_for_transform_jobs_is_refused(mlops, repository: Path, production: Production):
    production.release(model=False)
    write(repository, "1,north\n")
    done = mlops("batch", "rows.csv", "scored.csv", "--no-drift")
    assert done.exit_code == 2
    assert "was deployed without a model for transform jobs" in done.output


def test_ctrl_c_leaves_the_job_running_and_says_how_to_finish_or_stop_it(
    mlops, repository: Path, production: Production, session: Session
):
    production.release(waits=True)
    write(repository, "1,north\n")
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "mlops", "batch", "rows.csv", "scored.csv", "--no-drift"],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = ""
    while "  InProgress" not in output:
        line = process.stdout.readline()
        assert line, output
        output += line
    process.send_signal(signal.SIGINT)
    output += process.communicate(timeout=60)[0]
    assert process.returncode == 1, output
    job = re.search(r"mlops batch --job (\S+) scored.csv", output)[1]
    assert f"aws sagemaker stop-transform-job --transform-job-name {job}" in output
    client = session.client("sagemaker")
    assert client.describe_transform_job(TransformJobName=job)["TransformJobStatus"] == "InProgress"
    client.stop_transform_job(TransformJobName=job)
    done = mlops("batch", "--job", job, "scored.csv")
    assert (done.exit_code, "was stopped. Nothing is written." in done.output) == (1, True), done.output


def test_a_job_that_was_left_is_finished_by_its_name(
    mlops, repository: Path, production: Production, session: Session, names: Names
):
    production.release()
    write(repository, "area,distance\nnorth,1\n")
    assert mlops("batch", "rows.csv", "scored.csv", "--no-drift").exit_code == 0
    client = session.client("sagemaker")
    [job] = client.list_transform_jobs(NameContains=f"{names.project}-")["TransformJobSummaries"]
    done = mlops("batch", "--job", job["TransformJobName"], "again.csv", "--no-drift")
    assert done.exit_code == 0, done.output
    assert (repository / "again.csv").read_text() == "area,distance,prediction\nnorth,1,10\n"
