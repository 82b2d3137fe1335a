"""ECRBuildAndPublish build action: a Dockerfile of the source becomes an image in ECR."""

from mlops.localcloud import context, images
from mlops.localcloud.codepipeline.run import Run
from mlops.localcloud.logs import LogStream


def run(run: Run) -> None:
    """Build the image, push it under its tags, and give its digest as a variable.

    DockerFilePath is a directory, the build context, or a Dockerfile in it; the source's root when left out.
    """
    [artifact] = run.action["inputArtifacts"]
    source = run.unpack(artifact["name"])
    path = source / run.configuration.get("DockerFilePath", ".")
    dockerfile = path / "Dockerfile" if path.is_dir() else path
    repository = run.configuration["ECRRepositoryName"]
    tags = [tag.strip() for tag in run.configuration.get("ImageTags", "latest").split(",")]
    group, stream = f"/aws/codepipeline/{run.execution.name}", run.record.id
    run.record.log_stream_arn = context.arn("logs", f"log-group:{group}:log-stream:{stream}")
    file = context.directory("image-builds") / f"{run.record.id}.log"
    with LogStream(group, stream, file) as log:
        log.write(f"Following {dockerfile.relative_to(source)}")
        digest = images.push(repository, tags, dockerfile.parent, dockerfile)
        log.write(f"Pushed {repository}@{digest} with tags {', '.join(tags)}")
    run.record.values = {"ECRImageDigestId": digest, "ECRRepositoryName": repository}
    run.record.external_id = digest
