"""ECRBuildAndPublish build action: a Dockerfile of the source becomes an image in ECR.

Source: AWS CodePipeline User Guide, "ECRBuildAndPublish build action reference". Without DockerFilePath, the
Dockerfile and the build context are those of the source's root. AWS documents no build context for another
DockerFilePath (AWS CDK: `./my-dir` indicates ./my-dir/Dockerfile): the local cloud refuses one.
"""

from mlops.localcloud import context, images
from mlops.localcloud.codepipeline.actions.provider import Action, Provider
from mlops.localcloud.logs import LogStream


def run(action: Action) -> None:
    """Build the image and push it under its tags. Its digest is a variable of the action."""
    configuration = action.configuration
    repository = configuration["ECRRepositoryName"]
    tags = [tag.strip() for tag in configuration.get("ImageTags", "latest").split(",")]
    action.client("ecr").describe_repositories(repositoryNames=[repository])
    group, stream = f"/aws/codepipeline/{action.execution.pipeline_name}", action.record.id
    action.show(log_stream_arn=context.arn("logs", f"log-group:{group}:log-stream:{stream}"))
    directory = context.directory("image-builds", action.record.id)
    source = directory / "source"
    with LogStream(group, stream, directory / "build.log") as log:
        [artifact] = action.inputs
        action.unpack(artifact, source)
        log.write("Building Dockerfile")
        digest = images.push(repository, tags, source, source / "Dockerfile")
        log.write(f"Pushed {repository}@{digest} with the tags {', '.join(tags)}")
    action.show(external_id=digest, variables={"ECRImageDigestId": digest, "ECRRepositoryName": repository})


def _unsupported(declaration: dict) -> str:
    configuration = declaration["configuration"]
    registry = configuration.get("RegistryType", "private")
    if registry != "private":
        return f"the local cloud has no {registry} registry; RegistryType can be private"
    if configuration.get("DockerFilePath", ".") != ".":
        return "the local cloud builds the Dockerfile of the source's root; leave DockerFilePath out"
    return ""


provider = Provider(
    run,
    configuration=("ECRRepositoryName", "DockerFilePath", "ImageTags", "RegistryType"),
    required=("ECRRepositoryName",),
    inputs=(1, 1),
    v2_only=True,
    unsupported=_unsupported,
)
