"""Starts releases."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

from mlops import interrupts
from mlops.aws import executions, new_key, objects, pipeline, releases, requested_by, source, stacks, stopping
from mlops.aws.executions import IN_PROGRESS, Execution
from mlops.aws.pipeline import ReleaseRequest
from mlops.configuration import overrides
from mlops.errors import InputError
from mlops.release.datasets import dataset_for
from mlops.release.events import (
    AlreadyReleasing,
    CommitMissing,
    Events,
    ExecutionsAhead,
    ExecutionStarted,
    ExecutionSuperseded,
    long_step,
)
from mlops.release.repository import Repository
from mlops.rendering import transition

# Actions that CodePipeline cannot stop; an execution that is stopped waits for their end.
_UNSTOPPABLE = {"CloudFormation", "ECRBuildAndPublish"}
# The stage whose success lets a release into production.
_APPROVAL_STAGE = "Approve"


@dataclass
class StartProgress:
    """How far a start has come: whether data were or are uploaded, whether the pipeline is called, and the execution."""

    uploads_data: bool = False
    is_called: bool = False
    execution_id: str | None = None


def start(
    repository: Repository,
    data: str | Path | None = None,
    *,
    data_version: str | None = None,
    tune: bool = False,
    hyperparameters: dict[str, str] | None = None,
    reason: str = "",
    supersede: bool = False,
    progress: StartProgress | None = None,
) -> Events[str]:
    """Upload code and data, where they have changed, and start an execution of the pipeline with them.

    `data` is a prepared data set or a source for `prepare` in data/, `data_version` the S3 object version of an uploaded
    one, or `latest`; with neither, the data set that was prepared last. `supersede` keeps a running execution of the
    same request, and stops the others that have no approval. `progress` is kept up to date, also when the start is
    interrupted. Returns the execution's id. InputError when the configuration cannot be released.
    """
    progress = progress or StartProgress()
    if data and data_version:
        raise InputError("Data is given twice: --data and --data-version. Give it once.")
    settings = overrides.check(repository.configuration, hyperparameters or {}, tune=tune)
    _require_deployed_frontend(repository)
    _require_deployable(repository)
    request = yield from _upload(
        repository,
        None if data is None else str(data),
        data_version,
        tune=tune,
        settings=settings,
        reason=reason,
        progress=progress,
    )
    if supersede:
        progress.execution_id = yield from _supersede(repository, request)
        if progress.execution_id is not None:
            yield AlreadyReleasing(progress.execution_id)
            return progress.execution_id
    with interrupts.deferred():
        progress.is_called = True
        execution_id = progress.execution_id = pipeline.start(repository.session, request)
    yield ExecutionStarted(
        execution_id, request.pipeline, request.variables["CommitId"], request.object_versions["Data"]
    )
    if request.variables["CommitId"] == source.UNCOMMITTED:
        yield CommitMissing()
    on_their_way = executions.on_their_way(repository.session, request.pipeline)
    if ahead := tuple(each for each in on_their_way if each.id != execution_id and each.status == IN_PROGRESS):
        yield ExecutionsAhead(ahead)
    return execution_id


def hyperparameters(
    repository: Repository, settings: Iterable[str], *, tune: bool, json_settings: str = ""
) -> dict[str, str]:
    """Overrides of hyperparameters by name, from settings such as "max_depth=6" and a JSON object.

    InputError for a setting that isn't NAME=VALUE, is given twice, or names no hyperparameter that can be overridden.
    """
    values = overrides.parse(repository.configuration, json_settings, tune=tune) if json_settings else {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not (name and equals and value):
            raise InputError(f"--set {setting}: allowed is NAME=VALUE, such as --set max_depth=6")
        if name in values:
            raise InputError(f"--set {name} is given twice: {values[name]} and {value}. Give it once.")
        values[name] = value
    return overrides.check(repository.configuration, values, tune=tune)


def _upload(
    repository: Repository,
    data: str | None,
    data_version: str | None,
    *,
    tune: bool,
    settings: dict[str, str],
    reason: str,
    progress: StartProgress,
) -> Events[ReleaseRequest]:
    """Upload code and data, where they changed. Returns the request for their release."""
    session, bucket = repository.session, repository.bucket
    commit = source.commit_id(repository.root)
    version = objects.data_version(session, bucket, data_version) if data_version else None
    dataset = None if version else (yield from dataset_for(repository, data))

    def upload(archive: Callable[[], str]) -> Generator[str, None, str]:
        return new_key.call(session, repository.names.stack("storage"), archive)

    def upload_all() -> Generator[str, None, dict[str, str]]:
        code = yield from upload(lambda: objects.upload_source(session, bucket, repository.root))
        if dataset is None:
            return {"Code": code, "Data": version or ""}
        progress.uploads_data = True
        uploaded = yield from upload(lambda: objects.upload_data(session, bucket, dataset))
        return {"Code": code, "Data": uploaded}

    versions = yield from long_step("Uploading code" if version else "Uploading code and data", upload_all())
    variables = {
        "CommitId": commit,
        "Tune": "true" if tune else "false",
        "HyperParameters": json.dumps(settings, sort_keys=True),
    }
    return ReleaseRequest(repository.names.pipeline, variables, versions, requested_by.of_this_call(reason))


def _supersede(repository: Repository, request: ReleaseRequest) -> Events[str | None]:
    """Stop the running executions that have no approval: they would delay the new one, as stages run one at a time.

    Does not stop an execution of the same request, whose id it returns, and no approved one.
    """
    session = repository.session
    same: str | None = None
    for summary in executions.recent(session, request.pipeline):
        if summary.status != IN_PROGRESS:
            continue
        execution = executions.read(session, request.pipeline, summary.id)
        if same is None and request.is_same_as(execution):
            same = execution.id
        elif not _is_approved(execution):
            reason = f"superseded by the release of commit {request.variables['CommitId']}"
            # Without `abandon`, the stop would wait for the decision.
            stopping.stop(session, execution, reason, abandon=execution.waiting_approval is not None)
            stopping.end_running(session, execution, reason)
            running = (action for action in execution.actions if action.state == IN_PROGRESS)
            yield ExecutionSuperseded(
                execution.id, tuple(action.path for action in running if action.provider in _UNSTOPPABLE)
            )
    return same


def _is_approved(execution: Execution) -> bool:
    return any(stage.name == _APPROVAL_STAGE and stage.state == executions.SUCCEEDED for stage in execution.stages)


def _require_deployed_frontend(repository: Repository) -> None:
    """InputError when production.yml names another frontend (clients_call) than the stacks are deployed for."""
    deployed = stacks.parameters(repository.session, repository.names.stack("endpoints")).get("ClientsCall")
    configured = repository.configuration.production.clients_call
    if deployed not in (None, configured):
        raise InputError(
            f"configuration/production.yml has clients_call: {configured}, but the stacks are deployed for {deployed}. "
            "Run: mlops deploy"
        )


def _require_deployable(repository: Repository) -> None:
    """InputError when production cannot be changed to production.yml's values: fail before the jobs run."""
    releases.require_repeatable(repository.session, repository.names)
    deployed = releases.deployed(repository.session, repository.names)
    if problems := transition.problems(deployed, transition.configured(repository.configuration)):
        raise InputError("\n".join(["configuration/production.yml can't be released:", *problems]))
