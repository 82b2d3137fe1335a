"""AWS CodeBuild build and test action.

Source: AWS CodePipeline User Guide, "AWS CodeBuild build and test action reference".
"""

from typing import Any

from mlops.localcloud import context
from mlops.localcloud.codepipeline.actions.provider import Action, ActionFailed, Provider

_VARIABLE_TYPES = ("PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER")
_SUCCEEDED = "SUCCEEDED"


def run(action: Action) -> None:
    """Start a build on the input artifacts and wait for it. Its exported variables are the action's."""
    codebuild = action.client("codebuild")
    build = codebuild.start_build(**_request(action))["build"]
    project = build["projectName"]
    action.show(
        external_id=build["id"],
        external_url=f"https://console.aws.amazon.com/codesuite/codebuild/projects/{project}/build/{build['id']}"
        f"?region={context.region()}",
        log_stream_arn=build["logs"]["cloudWatchLogsArn"],
    )
    while build["buildStatus"] == "IN_PROGRESS":
        action.pause()
        [build] = codebuild.batch_get_builds(ids=[build["id"]])["builds"]
    exported = {item["name"]: item["value"] for item in build.get("exportedEnvironmentVariables", [])}
    action.show(variables=exported)
    if build["buildStatus"] != _SUCCEEDED:
        raise ActionFailed("JobFailed", _failure(build))


def _request(action: Action) -> dict:
    configuration = action.configuration
    primary = configuration.get("PrimarySource", action.inputs[0])
    outputs = {name: _artifact(action, name) for name in action.outputs}
    request: dict[str, Any] = {
        "projectName": configuration["ProjectName"],
        "sourceTypeOverride": "CODEPIPELINE",
        "sourceLocationOverride": _path(action.input_location(primary)),
        "secondarySourcesOverride": [
            {
                "type": "CODEPIPELINE",
                "sourceIdentifier": name,
                "location": _path(action.input_location(name)),
            }
            for name in action.inputs
            if name != primary
        ],
        "environmentVariablesOverride": [
            *_variables(action),
            {"name": "CODEBUILD_INITIATOR", "value": f"codepipeline/{action.execution.pipeline_name}"},
        ],
    }
    if len(outputs) == 1:
        [request["artifactsOverride"]] = outputs.values()
    elif outputs:
        request["secondaryArtifactsOverride"] = [
            {**artifact, "artifactIdentifier": name} for name, artifact in outputs.items()
        ]
    key = action.execution.declaration["artifactStore"].get("encryptionKey")
    return request | ({"encryptionKeyOverride": key["id"]} if key else {})


def _artifact(action: Action, name: str) -> dict:
    return {"type": "CODEPIPELINE", "location": _path(action.output_location(name))}


def _path(location: dict[str, str]) -> str:
    return f"{location['bucket']}/{location['key']}"


def _variables(action: Action) -> list[dict]:
    text = action.configuration.get("EnvironmentVariables", "[]")
    variables = action.parse(text, "EnvironmentVariables")
    for variable in variables if isinstance(variables, list) else [variables]:
        known = isinstance(variable, dict) and {"name", "value"} <= set(variable) <= {"name", "value", "type"}
        if not known or variable.get("type", "PLAINTEXT") not in _VARIABLE_TYPES:
            raise ActionFailed(
                "ConfigurationError",
                f"EnvironmentVariables: found {variable!r}; a list of {{name, value, type}} is needed",
            )
    return variables


def _failure(build: dict) -> str:
    """CodePipeline's message for a failed build, with the first phase that failed."""
    message = f"Build terminated with state: {build['buildStatus']}"
    for phase in build["phases"]:
        if phase.get("phaseStatus", _SUCCEEDED) != _SUCCEEDED:
            [phase_context] = phase["contexts"]
            message += f". Phase: {phase['phaseType']}, Code: {phase_context['statusCode']}, Message: {phase_context['message']}"
            break
    return message


def _fault(declaration: dict) -> str:
    configuration = declaration["configuration"]
    inputs = [artifact["name"] for artifact in declaration["inputArtifacts"]]
    primary = configuration.get("PrimarySource")
    if primary is None and len(inputs) > 1:
        return "PrimarySource is required when there is more than one input artifact"
    if primary is not None and primary not in inputs:
        return f"PrimarySource {primary} is not among the input artifacts {', '.join(inputs)}"
    return ""


provider = Provider(
    run,
    configuration=("ProjectName", "PrimarySource", "EnvironmentVariables"),
    required=("ProjectName",),
    inputs=(1, 5),
    outputs=(0, 5),
    fault=_fault,
)
