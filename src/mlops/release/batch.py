"""Scores a data set by a transform job with the model that is in production."""

from __future__ import annotations

import csv
import io
import json
import re
import secrets
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from mlops import names as keys
from mlops import places
from mlops.aws import logs, paging, releases, transform_jobs
from mlops.aws.session import AWSError
from mlops.aws.transform_jobs import TransformJob
from mlops.container.kinds import Feature, Target
from mlops.errors import InputError, PipelineError, printable
from mlops.instances import takes_volume_key
from mlops.release import batch_drift, schemas
from mlops.release.events import BatchContinues, BatchScored, BatchStarted, Events, long_step, step
from mlops.release.repository import Repository
from mlops.release.tables import Layout, Table
from mlops.rendering.release import checked
from mlops.tags import Lineage, as_list

_S3 = re.compile(r"s3://([^/]+)/(.+)")
# An object is the least that an instance works on, and the least that is done again.
_PART_BYTES = 64 * 1024 * 1024
_LOG_TAIL_LINES = 8
_OUTPUT = "a file in an existing folder that can be written, or an object such as s3://bucket/out.csv"
_LIST = "aws sagemaker list-transform-jobs"


def batch(
    repository: Repository,
    source: str,
    target: str,
    *,
    instance_type: str | None = None,
    instance_count: int | None = None,
    compares: bool = True,
) -> Events[int]:
    """Write the rows of `source`, each with its prediction, to `target`; both are files, or objects as s3:// URIs.

    The rows are CSV. With a header, the model's features are found by their names, and other columns pass through.
    Instances are by default those of production.yml. Returns the number of rows. InputError when a row is not what
    the model takes, before anything starts; PipelineError when the job fails. With `compares`, the rows are then
    compared with the release's baseline.
    """
    _require_table(source)
    _require_places(repository, target, compares=compares)
    deployed = _deployed(repository)
    features, kind = yield from step(
        "Reading the features of the model in production", lambda: schemas.read(repository, deployed["ModelDataUrl"])
    )
    name = repository.names.batch_job(secrets.token_hex(4))
    with tempfile.TemporaryDirectory(prefix="batch-") as folder:
        layout, count = yield from step(
            f"Checking the rows of {source}", lambda: _split(repository, source, Path(folder), features, kind)
        )
        yield from step(f"Uploading {count:,} rows", lambda: _upload(repository, name, Path(folder), layout, deployed))
    settings = repository.configuration.production.batch
    resources: dict[str, Any] = {
        "InstanceType": instance_type or settings.InstanceType,
        "InstanceCount": instance_count or settings.InstanceCount,
    }
    transform_jobs.start(repository.session, _request(repository, name, deployed, layout, resources))
    yield BatchStarted(name)
    return (yield from finish_batch(repository, name, target, compares=compares))


def finish_batch(repository: Repository, job: str, target: str, *, compares: bool = True) -> Events[int]:
    """Follow a job that `batch` started to its end, and write its result. Returns the number of rows."""
    _require_places(repository, target, compares=compares)
    if transform_jobs.describe(repository.session, job) is None or not job.startswith(f"{repository.names.project}-"):
        raise InputError(f"There is no transform job {job} of this repository. List them: {_LIST}")
    try:
        ended = yield from long_step(f"Transform job {job}", transform_jobs.follow(repository.session, job))
    except KeyboardInterrupt:
        yield BatchContinues(job, target)
        raise
    _require_success(repository, ended)
    layout, deployed = _stored(repository, job)
    count = yield from step(f"Writing {target}", lambda: _written(repository, job, target, layout, records=compares))
    yield BatchScored(job, target, count)
    if compares:
        yield from batch_drift.compare(repository, job, deployed)
    return count


def _require_table(source: str) -> None:
    if source.endswith((".parquet", ".gz", ".zip", ".json", ".jsonl")):
        raise InputError(f"{source}: found {Path(source).suffix}; allowed is CSV, with or without a header")
    if source.startswith("s3://"):
        _location(source)
    elif not Path(source).is_file():
        raise InputError(
            f"There is no file {source}. Allowed is a file of CSV, or an object such as s3://bucket/rows.csv"
        )


def _require_places(repository: Repository, target: str, *, compares: bool) -> None:
    """InputError where the result, or the report of the comparison, cannot be written: before a job costs anything."""
    _require_writable(repository, target)
    if compares:
        batch_drift.require_folder(repository)


def _require_writable(repository: Repository, target: str) -> None:
    if not target.startswith("s3://"):
        places.require_file(Path(target), _OUTPUT)
        return
    bucket, _ = _location(target)
    try:
        repository.session.client("s3").head_bucket(Bucket=bucket)
    except AWSError as error:
        if error.code in ("NoSuchBucket", "404"):
            raise InputError(f"There is no bucket {bucket}. List yours: aws s3 ls") from error
        # Objects may be written without s3:ListBucket, which this check needs.
        if not error.is_denied:
            raise


def _location(uri: str) -> tuple[str, str]:
    match = _S3.fullmatch(uri)
    if not match or uri.endswith("/"):
        raise InputError(f"{uri} names no object; allowed is one such as s3://bucket/folder/rows.csv")
    return match[1], match[2]


def _deployed(repository: Repository) -> dict[str, str]:
    """The parameters of production, whose release has a model for transform jobs."""
    deployed = releases.deployed(repository.session, repository.names)
    if not deployed:
        raise InputError("Nothing is in production. See what has been released with: mlops status")
    if not transform_jobs.has_model(repository.session, repository.names.batch_model(deployed["ExecutionId"])):
        raise InputError(
            f"The release in production ({deployed['ExecutionId']}) was deployed without a model for transform jobs. "
            "Bring the stacks up to date and release again: mlops deploy, then mlops start"
        )
    return deployed


@contextmanager
def _lines(repository: Repository, source: str) -> Iterator[Iterator[str]]:
    """The lines of a file, or of an object in S3."""
    if not source.startswith("s3://"):
        with Path(source).open(encoding="utf-8-sig", newline="") as file:
            yield iter(file)
        return
    bucket, key = _location(source)
    try:
        body = repository.session.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    except AWSError as error:
        if error.code in ("NoSuchKey", "NoSuchBucket", "404"):
            raise InputError(
                f"There is no object {source}. List the objects of the bucket: aws s3 ls s3://{bucket}/"
            ) from error
        raise
    yield io.TextIOWrapper(body, encoding="utf-8-sig", newline="")


def _split(
    repository: Repository, source: str, folder: Path, features: tuple[Feature, ...], target: Target
) -> tuple[Layout, int]:
    """Write the rows as they are sent to parts of a limited size in the folder. Returns their number."""
    count, number = 0, 0
    with _lines(repository, source) as lines:
        table = Table(lines, source, features, target)
        part = (folder / _part(0)).open("w", encoding="utf-8", newline="")
        try:
            writer = csv.writer(part, lineterminator="\n")
            for row in table.rows():
                if count and part.tell() > _PART_BYTES:
                    part.close()
                    number += 1
                    part = (folder / _part(number)).open("w", encoding="utf-8", newline="")
                    writer = csv.writer(part, lineterminator="\n")
                writer.writerow(row)
                count += 1
        finally:
            part.close()
    return table.layout, count


def _part(number: int) -> str:
    return f"{number:05}.csv"


def _upload(repository: Repository, job: str, folder: Path, layout: Layout, deployed: dict[str, str]) -> None:
    client, prefix = repository.session.client("s3"), keys.batch_prefix(job)
    described = {"layout": asdict(layout), "deployed": deployed}
    client.put_object(Bucket=repository.bucket, Key=f"{prefix}job.json", Body=json.dumps(described).encode())
    for part in sorted(folder.iterdir()):
        client.upload_file(str(part), repository.bucket, f"{prefix}input/{part.name}")


def _request(
    repository: Repository, job: str, deployed: dict[str, str], layout: Layout, resources: dict[str, Any]
) -> dict:
    prefix = f"s3://{repository.bucket}/{keys.batch_prefix(job)}"
    lineage = Lineage(deployed["ExecutionId"], deployed["CommitId"], deployed["DataVersion"])
    key = deployed["CaptureKeyArn"]
    with_key = {"VolumeKmsKeyId": key} if takes_volume_key(resources["InstanceType"]) else {}
    return checked(
        "CreateTransformJob",
        {
            "TransformJobName": job,
            "ModelName": repository.names.batch_model(deployed["ExecutionId"]),
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{prefix}input/"}},
                "ContentType": "text/csv",
                "SplitType": "Line",
            },
            "TransformOutput": {
                "S3OutputPath": f"{prefix}output",
                "Accept": "text/csv",
                "AssembleWith": "Line",
                "KmsKeyId": key,
            },
            "BatchStrategy": "MultiRecord",
            "TransformResources": {**resources, **with_key},
            "DataProcessing": {"InputFilter": f"$[{layout.others}:]" if layout.others else "$", "JoinSource": "Input"},
            "Tags": as_list(lineage.tags(repository.names)),
        },
    )


def _require_success(repository: Repository, job: TransformJob) -> None:
    if job.status == "Completed":
        return
    if job.status == "Stopped":
        raise PipelineError(f"The transform job {job.name} was stopped. Nothing is written.")
    lines = [f"The transform job {job.name} has failed: {job.failure_reason}"]
    tail = logs.tail(repository.session, job.log, _LOG_TAIL_LINES)
    lines += [f"    {printable(event.message.expandtabs())}" for event in tail]
    raise PipelineError("\n".join([*lines, f"Log: {job.log}"]))


def _stored(repository: Repository, job: str) -> tuple[Layout, dict[str, str]]:
    """The layout of a job's table, and the parameters of production as it was when the job started."""
    key = f"{keys.batch_prefix(job)}job.json"
    stored = json.loads(repository.session.client("s3").get_object(Bucket=repository.bucket, Key=key)["Body"].read())
    return Layout(**stored["layout"]), stored["deployed"]


def _written(repository: Repository, job: str, target: str, layout: Layout, *, records: bool) -> int:
    """What `_write` returns. Its errors name the command that writes the result of the job, which is done, again."""
    again = f"The transform job {job} has succeeded. Write its result with: mlops batch --job {job} OUTPUT"
    try:
        return _write(repository, job, target, layout, records=records)
    except OSError as error:
        raise InputError(f"{target}: {error.strerror or error}; allowed is {_OUTPUT}\n{again}") from error
    except AWSError as error:
        error.args = (f"{error}\n{again}",)
        raise


def _write(repository: Repository, job: str, target: str, layout: Layout, *, records: bool) -> int:
    """Put the parts together, in the order and with the header of the table. Returns the number of rows."""
    client, prefix = repository.session.client("s3"), keys.batch_prefix(job)
    listed = paging.items(client, "list_objects_v2", "Contents", Bucket=repository.bucket, Prefix=f"{prefix}output/")
    parts = sorted(each["Key"] for each in listed)
    local = None if target.startswith("s3://") else Path(target).absolute()
    with tempfile.TemporaryDirectory(prefix=".batch-", dir=local.parent if local else None) as folder:
        whole, captured = Path(folder, "result.csv"), Path(folder, "records.jsonl")
        with (
            whole.open("w", encoding="utf-8", newline="") as file,
            captured.open("w", encoding="utf-8") as capture,
        ):
            noted = batch_drift.Records(capture, job)
            count = _assemble(client, repository.bucket, parts, layout, file, noted)
        if records:
            batch_drift.upload(repository, job, captured)
        if local:
            shutil.move(whole, local)
        else:
            bucket, key = _location(target)
            client.upload_file(str(whole), bucket, key)
    return count


def _assemble(
    client: Any, bucket: str, parts: list[str], layout: Layout, file: IO[str], records: batch_drift.Records
) -> int:
    writer = csv.writer(file, lineterminator="\n")
    if layout.header:
        writer.writerow(layout.header)
    count, width = 0, len(layout.order)
    for key in parts:
        for row in _rows(client, bucket, key):
            writer.writerow(layout.restored(row))
            records.add(row[layout.others : width], row[width:])
            count += 1
    records.flush()
    return count


def _rows(client: Any, bucket: str, key: str) -> Generator[list[str], None, None]:
    body = client.get_object(Bucket=bucket, Key=key)["Body"]
    yield from csv.reader(io.TextIOWrapper(body, encoding="utf-8", newline=""))
