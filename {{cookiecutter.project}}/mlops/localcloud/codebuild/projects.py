"""Build projects."""

from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.codebuild.service import service
from mlops.localcloud.service import AWSError

_SOURCES = ("CODEPIPELINE", "S3", "NO_SOURCE")
_ARTIFACTS = ("CODEPIPELINE", "S3", "NO_ARTIFACTS")

_projects = context.scoped(dict[str, dict])


@service.operation
def create_project(request: dict) -> dict:
    """Define a project. Sources that the local cloud cannot fetch are refused by name."""
    name = request["name"]
    if name in _projects():
        raise AWSError(
            "ResourceAlreadyExistsException",
            f"Project already exists: {context.arn('codebuild', f'project/{name}')}",
        )
    now = datetime.now(UTC)
    _projects()[name] = _checked(
        {"timeoutInMinutes": 60, "queuedTimeoutInMinutes": 480, **request}
        | {"arn": context.arn("codebuild", f"project/{name}"), "created": now, "lastModified": now}
    )
    return {"project": _projects()[name]}


@service.operation
def update_project(request: dict) -> dict:
    """Change what the request names."""
    project = get(request["name"])
    _projects()[request["name"]] = _checked({**project, **request, "lastModified": datetime.now(UTC)})
    return {"project": _projects()[request["name"]]}


@service.operation
def delete_project(request: dict) -> None:
    """Delete a project; deleting one that does not exist is no error."""
    _projects().pop(_name(request["name"]), None)


@service.operation
def batch_get_projects(request: dict) -> dict:
    """Describe projects by name or ARN."""
    found = {name: _projects().get(_name(name)) for name in request["names"]}
    return {
        "projects": [project for project in found.values() if project],
        "projectsNotFound": [name for name, project in found.items() if not project],
    }


@service.operation
def list_projects(request: dict) -> dict:
    """Names of all projects."""
    return {"projects": sorted(_projects(), reverse=request.get("sortOrder") == "DESCENDING")}


def get(name: str) -> dict:
    """The project of a name or ARN. Raises AWSError when there is none."""
    project = _projects().get(_name(name))
    if project is None:
        raise AWSError(
            "ResourceNotFoundException",
            f"Project cannot be found: {context.arn('codebuild', f'project/{name}')}",
        )
    return project


def _name(name_or_arn: str) -> str:
    return name_or_arn.rpartition("project/")[2]


def _checked(project: dict) -> dict:
    source, artifacts = project["source"]["type"], project["artifacts"]["type"]
    if source not in _SOURCES:
        raise AWSError(
            "InvalidInputException",
            f"The local cloud cannot fetch source type {source}; it knows {', '.join(_SOURCES)}",
        )
    if artifacts not in _ARTIFACTS:
        raise AWSError("InvalidInputException", f"The local cloud does not know artifacts type {artifacts}")
    return project
