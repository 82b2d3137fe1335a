"""Reads the state of an execution and of the endpoints."""

from __future__ import annotations

from dataclasses import dataclass

from mlops.aws import alarms, api, endpoints, executions, failures, model_packages, stacks
from mlops.aws.alarms import Alarm
from mlops.aws.executions import Execution
from mlops.aws.failures import Failure
from mlops.aws.session import AWSError
from mlops.names import Stage
from mlops.release import naming
from mlops.release.repository import Repository


@dataclass(frozen=True)
class EndpointStatus:
    """The endpoint of a stage; `name` is None when it does not exist, `status` is SageMaker's EndpointStatus.

    `version` is the number of the model package that production serves; `commit_id`, `data_version` and `execution_id`
    are empty where the stack has no such outputs.
    """

    stage: Stage
    name: str | None
    status: str = ""
    failure_reason: str = ""
    commit_id: str = ""
    data_version: str = ""
    execution_id: str = ""
    version: int | None = None


@dataclass(frozen=True)
class ApiStatus:
    """The URL that clients call, and how it authenticates them."""

    url: str
    authentication: str


@dataclass(frozen=True)
class Status:
    """An execution, the id of the one that it waits for, the endpoints, and the API where clients call it.

    `failure` is that of the execution, None unless it ended badly. `on_their_way` are all executions that have not ended,
    newest first. `alarms` are the active ones, None where the caller may not read them.
    """

    execution: Execution
    failure: Failure | None
    blocked_by: str | None
    on_their_way: tuple[Execution, ...]
    endpoints: tuple[EndpointStatus, EndpointStatus]
    api: ApiStatus | None
    alarms: tuple[Alarm, ...] | None


def status(repository: Repository, execution: str | None = None) -> Status:
    """The state of an execution, by default the latest one, and of the endpoints."""
    session, pipeline = repository.session, repository.names.pipeline
    state = executions.read(session, pipeline, naming.execution_id(repository, execution))
    return Status(
        execution=state,
        failure=failures.explain(session, repository.names, state),
        blocked_by=executions.blocked_by(session, state),
        on_their_way=tuple(executions.on_their_way(session, pipeline)),
        endpoints=(_endpoint(repository, "test"), _endpoint(repository, "production")),
        api=_api(repository),
        alarms=_alarms(repository),
    )


def _alarms(repository: Repository) -> tuple[Alarm, ...] | None:
    try:
        return tuple(alarms.active(repository.session, repository.names))
    except AWSError as error:
        if not error.is_denied:
            raise
        return None


def _api(repository: Repository) -> ApiStatus | None:
    session, names = repository.session, repository.names
    if not api.clients_call_api(session, names):
        return None
    outputs = stacks.outputs(session, names.stack("api"))
    if "RestApiId" not in outputs:
        return None
    return ApiStatus(f"{api.url(outputs)}/predict", outputs["Authentication"])


def _endpoint(repository: Repository, stage: Stage) -> EndpointStatus:
    session, names = repository.session, repository.names
    name = endpoints.name_of(session, names, stage)
    endpoint = endpoints.describe(session, name)
    if endpoint is None:
        return EndpointStatus(stage, None)
    released = stacks.outputs(session, names.endpoint_stack(stage))
    execution_id = released.get("ExecutionId", "")
    package = model_packages.of_execution(session, names, execution_id) if stage == "production" else None
    return EndpointStatus(
        stage,
        name,
        endpoint.status,
        endpoint.failure_reason,
        commit_id=released.get("CommitId", ""),
        data_version=released.get("DataVersion", ""),
        execution_id=execution_id,
        version=package.version if package else None,
    )
