"""Builds: start, describe, list, stop."""

import re
import uuid
from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.codebuild import projects
from mlops.localcloud.codebuild.environment import RESERVED_PREFIX
from mlops.localcloud.codebuild.runner import Runner
from mlops.localcloud.codebuild.service import PAGE, service
from mlops.localcloud.errors import AWSError
from mlops.localcloud.paging import page

# By build id, in the order in which they were started.
_runners = context.scoped(dict[str, Runner])

# Member of StartBuild → where it goes in the build's record.
_OVERRIDES = {
    "artifactsOverride": "artifacts",
    "secondaryArtifactsOverride": "secondaryArtifacts",
    "secondarySourcesOverride": "secondarySources",
    "timeoutInMinutesOverride": "timeoutInMinutes",
    "queuedTimeoutInMinutesOverride": "queuedTimeoutInMinutes",
    "encryptionKeyOverride": "encryptionKey",
    "serviceRoleOverride": "serviceRole",
    "sourceVersion": "sourceVersion",
}
_SOURCE_OVERRIDES = {
    "sourceTypeOverride": "type",
    "sourceLocationOverride": "location",
    "buildspecOverride": "buildspec",
}
_KNOWN = {"projectName", "environmentVariablesOverride", *_OVERRIDES, *_SOURCE_OVERRIDES}
_FROM_PROJECT = (*_OVERRIDES.values(), "source", "cache")


@service.operation
def start_build(request: dict) -> dict:
    """Start a build in the background."""
    unknown = sorted(set(request) - _KNOWN)
    if unknown:
        raise AWSError("InvalidInputException", f"The local cloud does not support StartBuild with {unknown[0]}")
    project = projects.get(request["projectName"])
    build = _record(project, request)
    projects.check_sources([build["source"], *build.get("secondarySources", [])])
    projects.check_variables(build["environment"]["environmentVariables"])
    if build["source"]["type"] == "CODEPIPELINE" and "location" not in build["source"]:
        raise AWSError(
            "InvalidInputException",
            f"Project {project['name']} gets its source from CodePipeline: start it by a pipeline's action",
        )
    runner = Runner(build)
    _runners()[build["id"]] = runner
    context.spawn(runner.run)
    return {"build": build}


@service.operation
def batch_get_builds(request: dict) -> dict:
    """Describe builds by id or ARN."""
    runners = {build: _runners().get(_id(build)) for build in request["ids"]}
    return {
        # Copies: the members of a build that ends meanwhile agree with each other.
        "builds": [dict(runner.build) for runner in runners.values() if runner],
        "buildsNotFound": [build for build, runner in runners.items() if not runner],
    }


@service.operation
def list_builds(request: dict) -> dict:
    """Ids of all builds, newest first unless the request specifies the other order."""
    return page(request, _ordered(list(_runners()), request), "ids", PAGE)


@service.operation
def list_builds_for_project(request: dict) -> dict:
    """Ids of a project's builds, newest first unless the request specifies the other order."""
    name = projects.get(request["projectName"])["name"]
    return page(request, _ordered(_of(name), request), "ids", PAGE)


@service.operation
def stop_build(request: dict) -> dict:
    """Stop a build and everything that it has started. One that has ended stays as it is."""
    runner = _runners().get(_id(request["id"]))
    if runner is None:
        raise AWSError("ResourceNotFoundException", f"Build does not exist: {request['id']}")
    runner.stop()
    runner.ended.wait(30)
    return {"build": runner.build}


def _record(project: dict, request: dict) -> dict:
    """The record of a new build: the project's settings with the request's over them."""
    name, identifier, now = project["name"], str(uuid.uuid4()), datetime.now(UTC)
    build = {member: project[member] for member in _FROM_PROJECT if member in project}
    build |= {member: request[override] for override, member in _OVERRIDES.items() if override in request}
    source = {member: request[override] for override, member in _SOURCE_OVERRIDES.items() if override in request}
    variables = {item["name"]: item for item in project["environment"].get("environmentVariables", [])}
    variables |= {item["name"]: item for item in request.get("environmentVariablesOverride", [])}
    # A request has no initiator: CodePipeline's action passes its pipeline by this reserved name.
    initiator = variables.pop("CODEBUILD_INITIATOR", {"value": re.split("[:/]", context.caller())[-1]})["value"]
    begun = {"startTime": now, "endTime": now, "durationInSeconds": 0, "phaseStatus": "SUCCEEDED"}
    return {
        **build,
        "source": build["source"] | source,
        # The runner writes into them where the artifacts went.
        "artifacts": dict(build["artifacts"]),
        "secondaryArtifacts": [dict(artifact) for artifact in build.get("secondaryArtifacts", [])],
        "id": f"{name}:{identifier}",
        "arn": context.arn("codebuild", f"build/{name}:{identifier}"),
        "buildNumber": len(_of(name)) + 1,
        "projectName": name,
        "startTime": now,
        "currentPhase": "QUEUED",
        "buildStatus": "IN_PROGRESS",
        "buildComplete": False,
        "initiator": initiator,
        "phases": [{"phaseType": phase, **begun} for phase in ("SUBMITTED", "QUEUED")],
        "environment": {
            **project["environment"],
            "environmentVariables": [
                item for item in variables.values() if not item["name"].startswith(RESERVED_PREFIX)
            ],
        },
        "logs": _logs(project, identifier),
    }


def _logs(project: dict, identifier: str) -> dict:
    config = project.get("logsConfig", {}).get("cloudWatchLogs", {})
    group = config.get("groupName") or f"/aws/codebuild/{project['name']}"
    stream = "/".join(filter(None, (config.get("streamName"), identifier)))
    return {
        "groupName": group,
        "streamName": stream,
        "cloudWatchLogsArn": context.arn("logs", f"log-group:{group}:log-stream:{stream}"),
        "cloudWatchLogs": {**config, "status": "ENABLED"},
    }


def _of(project: str) -> list[str]:
    return [build for build in list(_runners()) if build.startswith(f"{project}:")]


def _id(id_or_arn: str) -> str:
    return id_or_arn.rpartition("build/")[2]


def _ordered(builds: list[str], request: dict) -> list[str]:
    return builds if request.get("sortOrder") == "ASCENDING" else builds[::-1]
