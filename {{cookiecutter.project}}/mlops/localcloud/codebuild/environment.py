"""What a build finds: its sources in directories, and its environment."""

import os
import sys
import zipfile
from pathlib import Path

from mlops.localcloud import context
from mlops.localcloud.codebuild.buildspec import Buildspec


def fetch(source: dict, role_arn: str, directory: Path) -> Path:
    """Unpack a source into `directory` and return it. `location` is bucket/key of a zip."""
    directory.mkdir(parents=True)
    if source["type"] != "NO_SOURCE":
        bucket, _, key = source["location"].partition("/")
        archive = directory.with_suffix(".zip")
        context.client("s3", role_arn).download_file(bucket, key, str(archive))
        with zipfile.ZipFile(archive) as content:
            content.extractall(directory)
        archive.unlink()
    return directory


def variables(
    project: dict, build: dict, spec: Buildspec, sources: dict[str, Path], home: Path
) -> dict[str, str]:
    """The environment of a build: nothing of this cloud's own, except the interpreter's place on PATH.

    `sources` holds the directories by source identifier, the primary one under the empty name.
    A variable of the build overrides the project's, and the project's the buildspec's.
    """
    role_arn = build["serviceRole"]
    own = {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.defpath)),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        **context.role_environment(role_arn),
        "CODEBUILD_BUILD_ID": build["id"],
        "CODEBUILD_BUILD_ARN": build["arn"],
        "CODEBUILD_BUILD_NUMBER": str(build["buildNumber"]),
        "CODEBUILD_BUILD_IMAGE": build["environment"]["image"],
        "CODEBUILD_INITIATOR": build["initiator"],
        "CODEBUILD_SRC_DIR": str(sources[""]),
        "CODEBUILD_LOG_PATH": build["logs"]["streamName"],
        "CODEBUILD_CI": "true",
        "CI": "true",
    }
    own |= {f"CODEBUILD_SRC_DIR_{name}": str(path) for name, path in sources.items() if name}
    return (
        spec.variables
        | {
            item["name"]: _value(item, role_arn)
            for item in build["environment"].get("environmentVariables", [])
        }
        | own
    )


def _value(variable: dict, role_arn: str) -> str:
    if variable.get("type", "PLAINTEXT") == "PARAMETER_STORE":
        name = variable["value"]
        return context.client("ssm", role_arn).get_parameter(Name=name, WithDecryption=True)["Parameter"][
            "Value"
        ]
    return variable["value"]
