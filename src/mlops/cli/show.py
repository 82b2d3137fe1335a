"""Shows the events of a use case, in the order in which they come."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import ExitStack
from functools import singledispatch
from typing import TypeVar

from mlops.cli import console, destruction, display, monitoring_lines, on_their_way
from mlops.places import shown
from mlops.progress import result
from mlops.release import events
from mlops.release.events import Event, Events

Result = TypeVar("Result")


def show(use_case: Events[Result]) -> Result:
    """Run a use case to its end, show its events, and return its result."""
    screen = _Screen()
    try:
        return result(use_case, screen.show)
    finally:
        screen.close()


class _Screen:
    """At most one step, or one execution, is in motion at the end of the output; lines stay."""

    def __init__(self) -> None:
        self._step: console.Step | None = None
        self._execution: display.Display | None = None
        self._motion = ExitStack()

    def show(self, event: Event) -> None:
        if isinstance(event, events.StepStarted):
            self.close()
            self._step = console.Step(event.title)
            self._motion.callback(self._step.stop)
        elif isinstance(event, events.StepProgressed) and self._step:
            self._step.progress(event.detail)
        elif isinstance(event, events.StepEnded) and self._step:
            step = self._step
            self.close()
            step.write_done(event.seconds)
        elif isinstance(event, events.ExecutionChanged):
            if self._execution is None:
                self.close()
                self._execution = self._motion.enter_context(display.following())
            self._execution.update(event.execution)
        else:
            if not isinstance(event, events.ExecutionQueued):
                self.close()
            for line in lines(event):
                console.write(line)

    def close(self) -> None:
        """End the motion. A step that has not ended adds no line."""
        self._step = self._execution = None
        self._motion.close()


@singledispatch
def lines(event: Event) -> list[str]:
    """The lines that an event adds to the output."""
    raise NotImplementedError(type(event).__name__)


@lines.register
def _(event: events.ExecutionFollowed) -> list[str]:
    return []


@lines.register
def _(event: events.DatasetPrepared) -> list[str]:
    synthetic = "  These data are synthetic: good to see the pipeline work, not to judge a model."
    return [
        *([synthetic] if event.synthetic else []),
        f"  rows: {_counts(event.rows)}",
        f"  dropped: {_counts(event.dropped) or 'none'}",
        f"  in {shown(event.folder)}",
    ]


@lines.register
def _(event: events.DataUploaded) -> list[str]:
    return [f"  data version {event.version}"]


@lines.register
def _(event: events.StackUnchanged) -> list[str]:
    return ["  It was up to date."]


@lines.register
def _(event: events.UnusedApiKept) -> list[str]:
    return [
        f"The stack {event.stack} is still there, and configuration/production.yml says that clients call the endpoint.",
        f"When the next release is in production: aws cloudformation delete-stack --stack-name {event.stack}",
    ]


@lines.register
def _(event: events.PipelineCreated) -> list[str]:
    return ["CodePipeline starts a new pipeline by itself. That execution fails, for nothing is uploaded yet."]


@lines.register
def _(event: events.SubscriptionUnconfirmed) -> list[str]:
    return [
        f"{event.address} has not confirmed its subscription: until then no mail says that a release waits. AWS has sent "
        "it a mail with a link to confirm."
    ]


@lines.register
def _(event: events.ExecutionStarted) -> list[str]:
    return [
        f"Execution {event.execution_id} of the pipeline {event.pipeline} has started.",
        f"  commit {event.commit_id}, data version {event.data_version}",
    ]


@lines.register
def _(event: events.CommitMissing) -> list[str]:
    return ["  It is tied to no commit. To tie the next releases to one: git init && git add . && git commit"]


@lines.register
def _(event: events.ExecutionsAhead) -> list[str]:
    heading = "A stage takes one execution at a time, in their order. Before this one, newest first:"
    return [heading, *on_their_way.lines(event.executions)]


@lines.register
def _(event: events.ExecutionSuperseded) -> list[str]:
    stopped = f"Execution {event.execution_id} is stopped: it had no approval, and this release is newer."
    waits = (f"  {path} cannot be stopped; this release waits for its end." for path in event.unstoppable)
    return [stopped, *waits]


@lines.register
def _(event: events.AlreadyReleasing) -> list[str]:
    return [f"Execution {event.execution_id} already releases this commit with this data."]


@lines.register
def _(event: events.ExecutionQueued) -> list[str]:
    return [f"It waits for the execution {event.blocked_by}. See: mlops status {event.blocked_by}"]


@lines.register
def _(event: events.ExecutionStopped) -> list[str]:
    return [f"Execution {event.execution_id} has ended as {event.status}."]


@lines.register
def _(event: events.ReleaseSucceeded) -> list[str]:
    took = console.between(event.execution.started, event.execution.ended)
    succeeded = f"The release has succeeded in {took}."
    if not event.tuned:
        return [succeeded]
    settings = " ".join(f"--set {name}={value}" for name, value in event.tuned.items())
    return [
        succeeded,
        f"Its tuned hyperparameters: {settings}",
        "The next release without --tune has those of configuration/trainingjob.json: write them there to keep",
        "them, or give them to mlops start.",
    ]


@lines.register
def _(event: events.SourceVerified) -> list[str]:
    return [f"The source of the release is this checkout ({event.commit_id}), byte for byte."]


@lines.register
def _(event: events.SourceNotCompared) -> list[str]:
    released, commit = event.released_commit_id, event.commit_id
    not_compared = f"The source is not compared: the release is of commit {released}, this checkout is {commit}."
    hint = "To compare uncommitted changes run: mlops approve --verify-source"
    return [not_compared, *([hint] if commit == released else [])]


@lines.register
def _(event: events.ReleaseAnswered) -> list[str]:
    verb = "approved" if event.approved else "rejected"
    return [f"{event.action} of the execution {event.execution_id} is {verb}."]


@lines.register
def _(event: events.RollbackStarted) -> list[str]:
    version = "" if event.version is None else f", version {event.version} of its group"
    return [f"Production serves the release {event.execution_id}{version}."]


@lines.register
def _(event: events.ReleasesOnTheirWay) -> list[str]:
    heading = "When it gets to production, a release that is on its way replaces what is rolled back to:"
    return [heading, *on_their_way.lines(event.executions, stop_only=True)]


@lines.register
def _(event: events.RolledBack) -> list[str]:
    return [f"Production serves version {event.version} again, of execution {event.execution_id}."]


@lines.register
def _(event: events.DestructionPlanned) -> list[str]:
    return destruction.lines(event.plan)


@lines.register
def _(event: events.ProjectDestroyed) -> list[str]:
    return [f"{event.plan.project} is deleted, except what the plan keeps."]


@lines.register
def _(event: events.Examined) -> list[str]:
    found = event.finding
    remedy = [f"           {found.remedy}"] if found.remedy else []
    return [f"{found.state:8} {found.check}: {found.detail}", *remedy]


@lines.register
def _(event: events.BatchStarted) -> list[str]:
    return [f"The transform job {event.job} has started."]


@lines.register
def _(event: events.BatchContinues) -> list[str]:
    return [
        f"\nThe transform job {event.job} continues. Follow it and write its result:",
        f"  mlops batch --job {event.job} {shlex.quote(event.target)}",
        f"Stop it: aws sagemaker stop-transform-job --transform-job-name {event.job}",
    ]


@lines.register
def _(event: events.BatchCompared) -> list[str]:
    drifted = f"differ from the baseline in {', '.join(event.drifted)}" if event.drifted else "are like the baseline"
    violations = f"{event.violations} violation{'' if event.violations == 1 else 's'}"
    return [f"The rows {drifted} ({violations}). Report: {shown(event.report)}"]


@lines.register
def _(event: events.BatchScored) -> list[str]:
    return [f"{event.rows:,} rows with predictions are in {event.target}"]


@lines.register
def _(event: events.MonitoringContinues) -> list[str]:
    return ["\nThe run continues. See what it has found: mlops monitor open"]


@lines.register
def _(event: events.NothingMonitored) -> list[str]:
    return monitoring_lines.nothing(event.reason)


@lines.register
def _(event: events.MonitoringEnded) -> list[str]:
    return monitoring_lines.ended(event)


@lines.register
def _(event: events.GitHubCommands) -> list[str]:
    heading = "Set them on GitHub. Run, with gh signed in (or let mlops bootstrap --github do it):"
    return [heading, *(f"  {line}" for line in event.lines)]


@lines.register
def _(event: events.EnvironmentKept) -> list[str]:
    kept = f"The environment {event.environment} existed already and keeps its settings."
    warning = " Every branch may deploy to it: in the repository's settings, allow main only."
    return [f"{kept}{warning if event.open_to_all else ''}"]


@lines.register
def _(event: events.ReviewersMissing) -> list[str]:
    return [
        "Give the environments production and destroy their reviewers, in the repository's settings on GitHub or "
        "with --reviewer: without them nothing is approved, and everyone with write access may delete everything."
    ]


@lines.register
def _(event: events.ReportWritten) -> list[str]:
    return [f"  {kind}: {shown(file)}" for kind, file in event.files.items()]


@lines.register
def _(event: events.ProductionAnswered) -> list[str]:
    return [f"Production answers {event.answer} for {event.row}"]


@lines.register
def _(event: events.ReleaseFailed) -> list[str]:
    return [event.message]


@lines.register
def _(event: events.LocalRunReported) -> list[str]:
    return [f"Report: {event.page}"]


@lines.register
def _(event: events.LocalCloudKept) -> list[str]:
    return ['The local cloud keeps running. Use it: eval "$(mlops local env)"  Stop it: mlops local down']


@lines.register
def _(event: events.LocalCloudStopping) -> list[str]:
    return ["Stopping the local cloud (--keep leaves it running) …"]


@lines.register
def _(event: events.LocalCloudStopped) -> list[str]:
    return [f"Its logs stay in {shown(event.directory)}"]


@lines.register
def _(event: events.LocalRunInterrupted) -> list[str]:
    return ['\nThe release continues. Follow it with: eval "$(mlops local env)" && mlops watch']


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


@lines.register
def _(event: events.RunTracked) -> list[str]:
    return [f"Execution {event.execution_id} is run {event.run_id} on {event.uri}"]
