"""Build projects."""

from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.codebuild.service import PAGE, service
from mlops.localcloud.codebuild.sources import is_inline
from mlops.localcloud.errors import AWSError
from mlops.localcloud.paging import page

SOURCES = ("CODEPIPELINE", "S3", "NO_SOURCE")
_DEFAULTS = {"timeoutInMinutes": 60, "queuedTimeoutInMinutes": 480, "projectVisibility": "PRIVATE"}
_UNSUPPORTED = (
    *("vpcConfig", "fileSystemLocations", "buildBatchConfig", "badgeEnabled", "autoRetryLimit"),
    *("secondarySourceVersions", "concurrentBuildLimit"),
)

_projects = context.scoped(dict[str, dict])


@service.operation
def create_project(request: dict) -> dict:
    """Define a project. Features that the local cloud does not support are refused by name."""
    name = request["name"]
    if name in _projects():
        raise AWSError("ResourceAlreadyExistsException", f"Project already exists: {_arn(name)}")
    _check(request)
    now = datetime.now(UTC)
    defaults = {**_DEFAULTS, "encryptionKey": context.arn("kms", "alias/aws/s3"), "tags": []}
    _projects()[name] = {**defaults, **request, "arn": _arn(name), "created": now, "lastModified": now}
    return {"project": _projects()[name]}


@service.operation
def update_project(request: dict) -> dict:
    """Change what the request names."""
    _check(request)
    project = {**get(request["name"]), **request, "lastModified": datetime.now(UTC)}
    _projects()[request["name"]] = project
    return {"project": project}


@service.operation
def delete_project(request: dict) -> None:
    """Delete a project; its builds stay. Deleting one that does not exist is not an error."""
    _projects().pop(_name(request["name"]), None)


@service.operation
def batch_get_projects(request: dict) -> dict:
    """Describe projects by name or ARN."""
    projects = {name: _projects().get(_name(name)) for name in request["names"]}
    return {
        "projects": [project for project in projects.values() if project],
        "projectsNotFound": [name for name, project in projects.items() if not project],
    }


@service.operation
def list_projects(request: dict) -> dict:
    """Names of projects, by name unless the request specifies another order."""
    member = {"CREATED_TIME": "created", "LAST_MODIFIED_TIME": "lastModified"}.get(request.get("sortBy", ""), "name")
    descending = request.get("sortOrder") == "DESCENDING"
    ordered = sorted(_projects().values(), key=lambda project: project[member], reverse=descending)
    return page(request, [project["name"] for project in ordered], "projects", PAGE)


def get(name: str) -> dict:
    """The project of a name or ARN. Raises AWSError when it does not exist."""
    project = _projects().get(_name(name))
    if project is None:
        raise AWSError("ResourceNotFoundException", f"Project cannot be found: {_arn(_name(name))}")
    return project


def check_sources(sources: list[dict]) -> None:
    """Refuse what the local cloud cannot fetch."""
    for source in sources:
        if source["type"] not in SOURCES:
            raise _unable(f"source type {source['type']}; it fetches {', '.join(SOURCES)}")
        if source["type"] == "S3" and not source.get("location"):
            raise AWSError("InvalidInputException", "Invalid project source: location is required for S3")
        secondary = "sourceIdentifier" in source
        if source["type"] == "NO_SOURCE" and not secondary and not is_inline(source.get("buildspec", "")):
            raise AWSError(
                "InvalidInputException",
                "Invalid project source: with NO_SOURCE the project must hold the buildspec itself",
            )


def check_variables(variables: list[dict]) -> None:
    """Refuse environment variables that the local cloud cannot resolve."""
    for variable in variables:
        if variable.get("type") == "SECRETS_MANAGER":
            raise _unable(f"variables of type SECRETS_MANAGER ({variable['name']})")


def _check(request: dict) -> None:
    for member in _UNSUPPORTED:
        # CloudFormation and clients send switched-off features too.
        if request.get(member):
            raise _unable(member)
    sources = [request["source"]] if "source" in request else []
    check_sources([*sources, *request.get("secondarySources", [])])
    check_variables(request.get("environment", {}).get("environmentVariables", []))
    if request.get("cache", {}).get("type", "NO_CACHE") != "NO_CACHE":
        raise _unable(f"cache type {request['cache']['type']}")
    logs = request.get("logsConfig", {})
    if logs.get("s3Logs", {}).get("status", "DISABLED") == "ENABLED":
        raise _unable("logsConfig.s3Logs")
    if logs.get("cloudWatchLogs", {}).get("status", "ENABLED") == "DISABLED":
        raise _unable("builds without logs in CloudWatch")


def _unable(feature: str) -> AWSError:
    return AWSError("InvalidInputException", f"The local cloud does not support {feature}")


def _arn(name: str) -> str:
    return context.arn("codebuild", f"project/{name}")


def _name(name_or_arn: str) -> str:
    return name_or_arn.rpartition("project/")[2]
