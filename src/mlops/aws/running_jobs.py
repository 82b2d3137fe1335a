"""Jobs that run outside of an execution of the pipeline: those of monitoring and of batches."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from mlops.aws import paging, polling
from mlops.aws.session import AWSError, Session
from mlops.names import Names

Kind = Literal["processing", "transform"]
_PURPOSES: dict[Kind, tuple[Literal["monitor", "batch"], ...]] = {
    "processing": ("monitor", "batch"),
    "transform": ("batch",),
}
_RUNNING = ("InProgress", "Stopping")


@dataclass(frozen=True)
class RunningJob:
    """A job that has not ended."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} job {self.name}"


def find(session: Session, names: Names) -> list[RunningJob]:
    """The running jobs of monitoring, transform jobs of batches, and the comparisons that follow them."""
    client = session.client("sagemaker")
    found = []
    for kind, purposes in _PURPOSES.items():
        for status in _RUNNING:
            listed = paging.items(
                client,
                f"list_{kind}_jobs",
                f"{kind.title()}JobSummaries",
                NameContains=f"{names.project}-",
                StatusEquals=status,
            )
            jobs = (each[f"{kind.title()}JobName"] for each in listed)
            found += [RunningJob(kind, name) for name in jobs if names.is_own_job(name, *purposes)]
    return found


def stop(session: Session, jobs: list[RunningJob]) -> Generator[str, None, None]:
    """Stop jobs, and yield the status of the one that is waited for until all have ended."""
    for job in jobs:
        _stop(session, job)
    for job in jobs:
        backoff = polling.Backoff()
        while (status := _status(session, job)) in _RUNNING:
            yield f"{job}: {status}"
            backoff.sleep()


def _stop(session: Session, job: RunningJob) -> None:
    try:
        getattr(session.client("sagemaker"), f"stop_{job.kind}_job")(**{f"{job.kind.title()}JobName": job.name})
    except AWSError:
        # SageMaker refuses to stop a job that has ended since.
        if _status(session, job) == "InProgress":
            raise


def _status(session: Session, job: RunningJob) -> str:
    describe = getattr(session.client("sagemaker"), f"describe_{job.kind}_job")
    status: str = describe(**{f"{job.kind.title()}JobName": job.name})[f"{job.kind.title()}JobStatus"]
    return status
