"""Pushes images the way a pipeline does: a source in S3, built by the ECRBuildAndPublish action."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

from waiting import until


def push(client: Callable[[str], Any], bucket: str, role_arn: str, repository: str, files: dict[str, str]) -> str:
    """Build and push an image from `files`, among them a Dockerfile, to a new repository. Returns the image's URI.

    `client` makes a client of a service.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    source = f"images/{repository}.zip"
    client("s3").put_object(Bucket=bucket, Key=source, Body=packed.getvalue())
    uri = client("ecr").create_repository(repositoryName=repository)["repository"]["repositoryUri"]

    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    pipelines, name = client("codepipeline"), f"push-{repository}"
    pipelines.create_pipeline(
        pipeline={
            "name": name,
            "roleArn": role_arn,
            "pipelineType": "V2",
            "artifactStore": {
                "type": "S3",
                "location": bucket,
                "encryptionKey": {"id": key, "type": "KMS"},
            },
            "stages": [
                {
                    "name": "Source",
                    "actions": [
                        {
                            "name": "Source",
                            "actionTypeId": _action_type("Source", "S3"),
                            "configuration": {
                                "S3Bucket": bucket,
                                "S3ObjectKey": source,
                                "PollForSourceChanges": "false",
                            },
                            "outputArtifacts": [{"name": "Source"}],
                        }
                    ],
                },
                {
                    "name": "Build",
                    "actions": [
                        {
                            "name": "Image",
                            "actionTypeId": _action_type("Build", "ECRBuildAndPublish"),
                            "configuration": {"ECRRepositoryName": repository, "ImageTags": "latest"},
                            "inputArtifacts": [{"name": "Source"}],
                        }
                    ],
                },
            ],
        }
    )
    execution = pipelines.start_pipeline_execution(name=name)["pipelineExecutionId"]

    def status() -> str | None:
        response = pipelines.get_pipeline_execution(pipelineName=name, pipelineExecutionId=execution)
        state = response["pipelineExecution"]["status"]
        return state if state != "InProgress" else None

    assert until(status) == "Succeeded", pipelines.list_action_executions(pipelineName=name)
    return f"{uri}:latest"


def _action_type(category: str, provider: str) -> dict[str, str]:
    return {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
