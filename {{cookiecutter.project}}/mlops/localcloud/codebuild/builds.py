"""Builds: start, describe, stop."""

import uuid
from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.codebuild import projects
from mlops.localcloud.codebuild.runner import Runner
from mlops.localcloud.codebuild.service import service
from mlops.localcloud.service import AWSError

_runners = context.scoped(dict[str, Runner])
_OVERRIDES = {
    "artifactsOverride": "artifacts",
    "secondaryArtifactsOverride": "secondaryArtifacts",
    "secondarySourcesOverride": "secondarySources",
    "timeoutInMinutesOverride": "timeoutInMinutes",
    "encryptionKeyOverride": "encryptionKey",
    "serviceRoleOverride": "serviceRole",
}
_KNOWN = {
    "projectName",
    "environmentVariablesOverride",
    "sourceTypeOverride",
    "sourceLocationOverride",
    "buildspecOverride",
    "idempotencyToken",
    "sourceVersion",
    *_OVERRIDES,
}


@service.operation
def start_build(request: dict) -> dict:
    """Start a build in the background."""
    unknown = sorted(set(request) - _KNOWN)
    if unknown:
        raise AWSError("InvalidInputException", f"The local cloud does not know StartBuild's {unknown[0]}")
    return {"build": start(request)}


@service.operation
def batch_get_builds(request: dict) -> dict:
    """Describe builds by id or ARN."""
    found = {build: _runners().get(_id(build)) for build in request["ids"]}
    return {
        "builds": [runner.build for runner in found.values() if runner],
        "buildsNotFound": [build for build, runner in found.items() if not runner],
    }


@service.operation
def list_builds(request: dict) -> dict:
    """Ids of all builds, the newest first."""
    return {"ids": _listed(list(_runners()), request)}


@service.operation
def list_builds_for_project(request: dict) -> dict:
    """Ids of a project's builds, the newest first."""
    name = projects.get(request["projectName"])["name"]
    return {"ids": _listed([build for build in _runners() if build.startswith(f"{name}:")], request)}


@service.operation
def stop_build(request: dict) -> dict:
    """Stop a build and everything that it started."""
    runner = runner_of(request["id"])
    runner.stop()
    runner.ended.wait(30)
    return {"build": runner.build}


def start(request: dict) -> dict:
    """Start a build from a StartBuild request and return its record, which goes on changing."""
    project = projects.get(request["projectName"])
    build = _record(project, request)
    runner = Runner(build)
    _runners()[build["id"]] = runner
    context.spawn(runner.run)
    return build


def runner_of(build: str) -> Runner:
    """The runner of a build id or ARN. Raises AWSError when there is none."""
    runner = _runners().get(_id(build))
    if runner is None:
        raise AWSError("ResourceNotFoundException", f"Build {build} does not exist")
    return runner


def _record(project: dict, request: dict) -> dict:
    identifier = str(uuid.uuid4())
    name = project["name"]
    now = datetime.now(UTC)
    number = sum(build.startswith(f"{name}:") for build in _runners()) + 1
    logs = project.get("logsConfig", {}).get("cloudWatchLogs", {})
    group = logs.get("groupName") or f"/aws/codebuild/{name}"
    prefix = logs.get("streamName")
    stream = f"{prefix}/{identifier}" if prefix else identifier
    variables = {item["name"]: item for item in project["environment"].get("environmentVariables", [])}
    variables |= {item["name"]: item for item in request.get("environmentVariablesOverride", [])}
    source = dict(project["source"])
    for override, member in (
        ("sourceTypeOverride", "type"),
        ("sourceLocationOverride", "location"),
        ("buildspecOverride", "buildspec"),
    ):
        if override in request:
            source[member] = request[override]
    kept = (
        "serviceRole",
        "timeoutInMinutes",
        "encryptionKey",
        "secondarySources",
        "artifacts",
        "secondaryArtifacts",
    )
    build = {member: project[member] for member in kept if member in project}
    build |= {member: request[override] for override, member in _OVERRIDES.items() if override in request}
    return {
        "encryptionKey": context.arn("kms", "alias/aws/s3"),
        **build,
        "id": f"{name}:{identifier}",
        "arn": context.arn("codebuild", f"build/{name}:{identifier}"),
        "buildNumber": number,
        "projectName": name,
        "startTime": now,
        "currentPhase": "SUBMITTED",
        "buildStatus": "IN_PROGRESS",
        "buildComplete": False,
        "initiator": "localcloud",
        "phases": [{"phaseType": "SUBMITTED", "startTime": now}],
        "source": source,
        "environment": {**project["environment"], "environmentVariables": list(variables.values())},
        "logs": {
            "groupName": group,
            "streamName": stream,
            "cloudWatchLogsArn": context.arn("logs", f"log-group:{group}:log-stream:{stream}"),
        },
    }


def _id(build: str) -> str:
    return build.rpartition("build/")[2]


def _listed(builds: list[str], request: dict) -> list[str]:
    return builds if request.get("sortOrder") == "ASCENDING" else builds[::-1]
