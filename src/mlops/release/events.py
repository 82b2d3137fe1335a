"""Events that use cases yield while they run. The command line shows each of them; a notebook can show them too."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mlops.aws.executions import Execution
from mlops.aws.monitoring_runs import Run
from mlops.release.destruction_plan import DestructionPlan
from mlops.release.diagnosis.findings import Finding

Result = TypeVar("Result")


@dataclass(frozen=True)
class Event:
    """The base of all events."""


@dataclass(frozen=True)
class StepStarted(Event):
    """A step that takes time begins: "Deploying the stack taxi-fares-jobs"."""

    title: str


@dataclass(frozen=True)
class StepProgressed(Event):
    """Progress of the step that began last, as text or as an object with a text, such as a stack's event."""

    detail: object


@dataclass(frozen=True)
class StepEnded(Event):
    """The step that began last has succeeded. A step that fails raises."""

    title: str
    seconds: float


def step(title: str, work: Callable[[], Result]) -> Generator[Event, None, Result]:
    """Do the work between StepStarted and StepEnded."""
    started = time.monotonic()
    yield StepStarted(title)
    done = work()
    yield StepEnded(title, time.monotonic() - started)
    return done


def long_step(title: str, work: Generator[object, None, Result]) -> Generator[Event, None, Result]:
    """Do the work between StepStarted and StepEnded. What it yields becomes StepProgressed."""
    started = time.monotonic()
    yield StepStarted(title)
    while True:
        try:
            detail = next(work)
        except StopIteration as end:
            yield StepEnded(title, time.monotonic() - started)
            return end.value
        yield StepProgressed(detail)


@dataclass(frozen=True)
class DatasetPrepared(Event):
    """A data set is in `folder`; `rows` counts by part, `dropped` by reason."""

    folder: Path
    rows: Mapping[str, int]
    dropped: Mapping[str, int]
    synthetic: bool


@dataclass(frozen=True)
class DataUploaded(Event):
    """The newest data in the bucket have this data version."""

    version: str


@dataclass(frozen=True)
class StackUnchanged(Event):
    """The stack of the last step was up to date."""

    stack: str


@dataclass(frozen=True)
class UnusedApiKept(Event):
    """The stack of the API remains, although the configuration says that clients call the endpoint."""

    stack: str


@dataclass(frozen=True)
class PipelineCreated(Event):
    """The pipeline is new: CodePipeline starts an execution of it by itself, which fails."""

    pipeline: str


@dataclass(frozen=True)
class SubscriptionUnconfirmed(Event):
    """The address for notifications gets no mail until its subscription is confirmed."""

    address: str


@dataclass(frozen=True)
class ExecutionStarted(Event):
    """An execution of the pipeline has started."""

    execution_id: str
    pipeline: str
    commit_id: str
    data_version: str


@dataclass(frozen=True)
class CommitMissing(Event):
    """The release is tied to no commit: its folder is no git repository, or nothing is committed in it."""


@dataclass(frozen=True)
class ExecutionsAhead(Event):
    """Executions, newest first, that were on their way before the one that has started: each stage takes them first."""

    executions: tuple[Execution, ...]


@dataclass(frozen=True)
class ExecutionSuperseded(Event):
    """An execution without approval is stopped for a newer release. It waits for `unstoppable` actions to end."""

    execution_id: str
    unstoppable: tuple[str, ...]


@dataclass(frozen=True)
class AlreadyReleasing(Event):
    """An execution in progress releases the same code and data in the same way, so no new one is started."""

    execution_id: str


@dataclass(frozen=True)
class ExecutionChanged(Event):
    """The execution as it is now."""

    execution: Execution


@dataclass(frozen=True)
class ExecutionQueued(Event):
    """The execution waits for the end of another one."""

    blocked_by: str


@dataclass(frozen=True)
class ExecutionFollowed(Event):
    """No further states of the execution follow."""

    execution: Execution


@dataclass(frozen=True)
class ExecutionStopped(Event):
    """The execution has been stopped, and has ended in this status."""

    execution_id: str
    status: str


@dataclass(frozen=True)
class ReleaseSucceeded(Event):
    """The release is in production. `tuned` are the hyperparameters that its tuning job has found best."""

    execution: Execution
    tuned: Mapping[str, str]


@dataclass(frozen=True)
class SourceVerified(Event):
    """The source of the release is this checkout, byte for byte."""

    commit_id: str


@dataclass(frozen=True)
class SourceNotCompared(Event):
    """The source of the release is not compared: this checkout is of another commit, or has uncommitted changes."""

    released_commit_id: str
    commit_id: str


@dataclass(frozen=True)
class ReleaseAnswered(Event):
    """The release is approved or rejected; `action` is the path of the approval."""

    execution_id: str
    action: str
    approved: bool


@dataclass(frozen=True)
class RollbackStarted(Event):
    """Production serves this release; `version` is None where its model package was deleted."""

    execution_id: str
    version: int | None


@dataclass(frozen=True)
class ReleasesOnTheirWay(Event):
    """Executions, newest first, that replace in production what is rolled back to, unless they are stopped."""

    executions: tuple[Execution, ...]


@dataclass(frozen=True)
class RolledBack(Event):
    """Production serves an earlier release again, and returns its golden predictions."""

    execution_id: str
    version: int


@dataclass(frozen=True)
class DestructionPlanned(Event):
    """What the deletion of the project would delete, and what it would keep."""

    plan: DestructionPlan


@dataclass(frozen=True)
class ProjectDestroyed(Event):
    """Everything that the plan names is deleted."""

    plan: DestructionPlan


@dataclass(frozen=True)
class Examined(Event):
    """A check of `diagnose` has found something."""

    finding: Finding


@dataclass(frozen=True)
class BatchStarted(Event):
    """A transform job scores the rows; it continues when its caller ends."""

    job: str


@dataclass(frozen=True)
class BatchContinues(Event):
    """The command is interrupted; the transform job continues, and its result is not written to `target` yet."""

    job: str
    target: str


@dataclass(frozen=True)
class BatchCompared(Event):
    """The rows were compared with the baseline of the release: the columns that drifted, and the page about it."""

    drifted: tuple[str, ...]
    violations: int
    report: Path


@dataclass(frozen=True)
class BatchScored(Event):
    """The rows are written to `target`, each with its prediction."""

    job: str
    target: str
    rows: int


@dataclass(frozen=True)
class MonitoringContinues(Event):
    """The command is interrupted; the run of monitoring continues."""


@dataclass(frozen=True)
class NothingMonitored(Event):
    """The run of monitoring has judged nothing, for this reason."""

    reason: str


@dataclass(frozen=True)
class MonitoringEnded(Event):
    """What a job of monitoring has found. At more violations than `allowed` its alarm is raised."""

    run: Run
    allowed: int

    @property
    def is_violated(self) -> bool:
        return len(self.run.violations) > self.allowed


@dataclass(frozen=True)
class GitHubCommands(Event):
    """Shell commands that set environments and variables on GitHub; none of them has been run."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class EnvironmentKept(Event):
    """An environment existed on GitHub and keeps its settings. `open_to_all` branches may deploy to it."""

    environment: str
    open_to_all: bool


@dataclass(frozen=True)
class ReviewersMissing(Event):
    """No reviewers are named for the environments that need a review."""


@dataclass(frozen=True)
class ReportWritten(Event):
    """The report's files by kind: html, markdown, json."""

    files: Mapping[str, Path]


@dataclass(frozen=True)
class RunTracked(Event):
    """The execution is a run on MLflow's server."""

    execution_id: str
    uri: str
    run_id: str


@dataclass(frozen=True)
class ProductionAnswered(Event):
    """Production's prediction for a row of the test set."""

    row: str
    answer: str


@dataclass(frozen=True)
class ReleaseFailed(Event):
    """The release has failed; its report follows, then the exception."""

    message: str


@dataclass(frozen=True)
class LocalRunReported(Event):
    """The last event of a successful local run: the page with its report."""

    page: Path


@dataclass(frozen=True)
class LocalCloudKept(Event):
    """The local cloud of the run keeps running."""


@dataclass(frozen=True)
class LocalCloudStopping(Event):
    """The local cloud of the run is about to be stopped."""


@dataclass(frozen=True)
class LocalCloudStopped(Event):
    """The local cloud of the run has stopped. Its logs stay in the directory."""

    directory: Path


@dataclass(frozen=True)
class LocalRunInterrupted(Event):
    """The run is interrupted; the release continues in a local cloud that the run did not start."""


Events = Generator[Event, None, Result]
