"""SageMaker's transform jobs."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime

from mlops.aws import polling
from mlops.aws.logs import LogLocation
from mlops.aws.session import AWSError, Session

_ENDED = {"Completed", "Failed", "Stopped"}


@dataclass(frozen=True)
class TransformJob:
    """One job; `status` is AWS's word, `input` and `output` are the prefixes of its objects, as S3 URIs."""

    name: str
    status: str
    failure_reason: str
    model: str
    input: str
    output: str
    started: datetime
    ended: datetime | None

    @property
    def finished(self) -> bool:
        return self.status in _ENDED

    @property
    def log(self) -> LogLocation:
        return LogLocation("/aws/sagemaker/TransformJobs", f"{self.name}/")

    def __str__(self) -> str:
        return self.status


def start(session: Session, request: dict) -> None:
    """Start a job by a CreateTransformJob request."""
    session.client("sagemaker").create_transform_job(**request)


def describe(session: Session, name: str) -> TransformJob | None:
    """The job of this name, or None."""
    try:
        job = session.client("sagemaker").describe_transform_job(TransformJobName=name)
    except AWSError as error:
        if error.is_missing_resource:
            return None
        raise
    return TransformJob(
        name=name,
        status=job["TransformJobStatus"],
        failure_reason=job.get("FailureReason", ""),
        model=job["ModelName"],
        input=job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"],
        output=job["TransformOutput"]["S3OutputPath"],
        started=job["CreationTime"],
        ended=job.get("TransformEndTime"),
    )


def follow(session: Session, name: str) -> Generator[TransformJob, None, TransformJob]:
    """Yield the job's states until its end; return the last."""
    backoff = polling.Backoff()
    while True:
        job = describe(session, name)
        assert job is not None  # it was started, and SageMaker keeps jobs
        if job.finished:
            return job
        yield job
        backoff.sleep()


def has_model(session: Session, name: str) -> bool:
    """Whether there is a model of this name."""
    try:
        session.client("sagemaker").describe_model(ModelName=name)
    except AWSError as error:
        if error.is_missing_resource:
            return False
        raise
    return True
