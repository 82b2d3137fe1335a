"""ECRBuildAndPublish build action: a Dockerfile of the source becomes an image in ECR.

Source: AWS CodePipeline User Guide, "ECRBuildAndPublish build action reference". DockerFilePath is the
directory of the Dockerfile (AWS CDK: `./my-dir` indicates ./my-dir/Dockerfile), which is the build context.
"""

from mlops.localcloud import context, images
from mlops.localcloud.codepipeline.actions.provider import Action, ActionFailed, Provider
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
        build_context = (source / configuration.get("DockerFilePath", ".")).resolve()
        if not build_context.is_relative_to(source.resolve()) or not build_context.is_dir():
            message = f"DockerFilePath {configuration['DockerFilePath']} is no directory of artifact {artifact}"
            log.write(message)
            raise ActionFailed("ConfigurationError", message)
        log.write(f"Building {configuration.get('DockerFilePath', '.')}/Dockerfile")
        digest = images.push(repository, tags, build_context, build_context / "Dockerfile")
        log.write(f"Pushed {repository}@{digest} with the tags {', '.join(tags)}")
    action.show(external_id=digest, variables={"ECRImageDigestId": digest, "ECRRepositoryName": repository})


def _fault(declaration: dict) -> str:
    registry = declaration["configuration"].get("RegistryType", "private")
    return f"the local cloud has no {registry} registry; RegistryType can be private" if registry != "private" else ""


provider = Provider(
    run,
    configuration=("ECRRepositoryName", "DockerFilePath", "ImageTags", "RegistryType"),
    required=("ECRRepositoryName",),
    inputs=(1, 1),
    v2_only=True,
    fault=_fault,
)
