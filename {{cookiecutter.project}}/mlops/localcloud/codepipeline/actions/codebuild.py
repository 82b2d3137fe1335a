"""AWS CodeBuild build and test action."""

import json

from mlops.localcloud import context
from mlops.localcloud.codepipeline.run import ActionFailed, Run


def run(run: Run) -> None:
    """Start a build on the input artifacts, wait for it, and keep its output artifacts and exported variables."""
    client = run.client("codebuild")
    build = client.start_build(**_request(run))["build"]
    run.record.external_id = build["id"]
    run.record.log_stream_arn = context.arn(
        "logs", f"log-group:{build['logs']['groupName']}:log-stream:{build['logs']['streamName']}"
    )
    while not build["buildComplete"]:
        run.wait()
        build = client.batch_get_builds(ids=[build["id"]])["builds"][0]
    run.record.values = {
        item["name"]: item["value"] for item in build.get("exportedEnvironmentVariables", [])
    }
    if build["buildStatus"] != "SUCCEEDED":
        said = [text["message"] for phase in build["phases"] for text in phase.get("contexts", [])]
        reason = said[-1] if said else "see its log"
        raise ActionFailed("JobFailed", f"Build terminated with state: {build['buildStatus']}. {reason}")


def _request(run: Run) -> dict:
    inputs = [artifact["name"] for artifact in run.action["inputArtifacts"]]
    primary = run.configuration.get("PrimarySource", inputs[0])
    if primary not in inputs:
        raise ActionFailed("ConfigurationError", f"PrimarySource {primary} is not among the input artifacts")
    outputs = [artifact["name"] for artifact in run.action.get("outputArtifacts", [])]
    request = {
        "projectName": run.configuration["ProjectName"],
        "environmentVariablesOverride": json.loads(run.configuration.get("EnvironmentVariables", "[]")),
        "sourceTypeOverride": "CODEPIPELINE",
        "sourceLocationOverride": _location(run.artifact(primary)),
        "secondarySourcesOverride": [
            {"type": "CODEPIPELINE", "sourceIdentifier": name, "location": _location(run.artifact(name))}
            for name in inputs
            if name != primary
        ],
    }
    places = {name: {"type": "CODEPIPELINE", "location": _location(run.place_for(name))} for name in outputs}
    if len(outputs) == 1:
        request["artifactsOverride"] = places[outputs[0]]
    elif outputs:
        request["secondaryArtifactsOverride"] = [
            {**place, "artifactIdentifier": name} for name, place in places.items()
        ]
    return request


def _location(place: dict) -> str:
    return f"{place['bucketName']}/{place['objectKey']}"
