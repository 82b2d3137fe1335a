"""The environment of a build: variables of CodeBuild and of its users; of the host, nothing but PATH.

Source: AWS CodeBuild User Guide, "Environment variables in build environments".
"""

import os
import sys
from pathlib import Path

from mlops.localcloud import context
from mlops.localcloud.codebuild import interpreter
from mlops.localcloud.codebuild.buildspec import Buildspec
from mlops.localcloud.codebuild.service import PRINCIPAL

RESERVED_PREFIX = "CODEBUILD_"


def variables(build: dict, spec: Buildspec, sources: dict[str, Path], home: Path, temporary: Path) -> dict[str, str]:
    """The environment of a build, given its record, its source directories by identifier, and directories of its own.

    "" is the primary source's. A variable of StartBuild wins over the project's, and the project's over the
    buildspec's. Parameters are read under the build's role; raises ClientError and LookupError for one that
    cannot be read.
    """
    role_arn = build["serviceRole"]
    declared = build["environment"]["environmentVariables"]
    parameters = {item["name"]: item["value"] for item in declared if item.get("type") == "PARAMETER_STORE"}
    plain = {item["name"]: item["value"] for item in declared if item.get("type", "PLAINTEXT") == "PLAINTEXT"}
    programs = interpreter.make(home / ".python")
    return {
        "PATH": os.pathsep.join((str(programs), str(Path(sys.executable).parent), os.defpath)),
        "VIRTUAL_ENV": str(programs.parent),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        **spec.variables,
        **_read_parameters(spec.parameter_store, role_arn),
        **plain,
        **_read_parameters(parameters, role_arn),
        **context.role_environment(role_arn, PRINCIPAL),
        **_own(build, sources),
    }


def _own(build: dict, sources: dict[str, Path]) -> dict[str, str]:
    return {
        "CI": "true",
        "CODEBUILD_CI": "true",
        "CODEBUILD_BUILD_ARN": build["arn"],
        "CODEBUILD_BUILD_ID": build["id"],
        "CODEBUILD_BUILD_IMAGE": build["environment"]["image"],
        "CODEBUILD_BUILD_NUMBER": str(build["buildNumber"]),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_INITIATOR": build["initiator"],
        "CODEBUILD_KMS_KEY_ID": build["encryptionKey"],
        "CODEBUILD_LOG_PATH": build["logs"]["streamName"],
        "CODEBUILD_PROJECT_ARN": context.arn("codebuild", f"project/{build['projectName']}"),
        "CODEBUILD_RESOLVED_SOURCE_VERSION": build.get("resolvedSourceVersion", ""),
        "CODEBUILD_SOURCE_REPO_URL": build["source"].get("location", ""),
        "CODEBUILD_SOURCE_VERSION": build.get("sourceVersion", ""),
        "CODEBUILD_START_TIME": str(int(build["startTime"].timestamp() * 1000)),
        "CODEBUILD_SRC_DIR": str(sources[""]),
        **{f"CODEBUILD_SRC_DIR_{name}": str(path) for name, path in sources.items() if name},
    }


def _read_parameters(names: dict[str, str], role_arn: str) -> dict[str, str]:
    """Values from Parameter Store: variable name → parameter name."""
    if not names:
        return {}
    answer = context.client("ssm", role_arn, PRINCIPAL).get_parameters(
        Names=sorted(set(names.values())), WithDecryption=True
    )
    if answer["InvalidParameters"]:
        raise LookupError(f"Parameters not found: {', '.join(answer['InvalidParameters'])}")
    values = {parameter["Name"]: parameter["Value"] for parameter in answer["Parameters"]}
    return {variable: values[name] for variable, name in names.items()}
