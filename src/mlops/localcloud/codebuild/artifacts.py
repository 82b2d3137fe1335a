"""Artifacts of a build: files chosen by the buildspec, uploaded under the build's role."""

import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mlops.localcloud import context
from mlops.localcloud.codebuild.buildspec import Artifacts
from mlops.localcloud.codebuild.service import PRINCIPAL


class NothingToUpload(Exception):
    """No file matches the buildspec's artifacts."""


def upload(target: dict, pattern: Artifacts, source: Path, build: dict) -> str:
    """Upload the files of `pattern` to `target` (the API's ProjectArtifacts) and return their S3 location.

    Raises NothingToUpload and ClientError.
    """
    base = source / pattern.base_directory
    files = _chosen(base, pattern)
    if not files:
        raise NothingToUpload(f"no matching artifact paths found for {', '.join(pattern.files)}")
    s3 = context.client("s3", build["serviceRole"], PRINCIPAL)
    encryption = {} if target.get("encryptionDisabled") else _encryption(build["encryptionKey"])
    bucket, key = _place(target, pattern, build)
    names = {path: path.name if pattern.discard_paths else path.relative_to(base).as_posix() for path in files}
    if target["type"] == "S3" and target.get("packaging", "NONE") == "NONE":
        for path, name in names.items():
            s3.upload_file(str(path), bucket, f"{key}/{name}", ExtraArgs=encryption)
    else:
        archive = source.with_name(f"{target.get('artifactIdentifier', 'artifact')}.zip")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
            for path, name in names.items():
                content.write(path, name)
        s3.upload_file(str(archive), bucket, key, ExtraArgs=encryption)
        archive.unlink()
    return f"arn:aws:s3:::{bucket}/{key}"


def _chosen(base: Path, pattern: Artifacts) -> list[Path]:
    excluded = set(_matching(base, pattern.exclude_paths))
    return [path for path in _matching(base, pattern.files) if path not in excluded]


def _matching(base: Path, patterns: Iterable[str]) -> list[Path]:
    files: dict[Path, None] = {}
    for pattern in patterns:
        # To pathlib before 3.13, ** means directories only; to CodeBuild, everything below.
        depth = f"{pattern}/*" if PurePosixPath(pattern).name == "**" else pattern
        files |= {path: None for path in sorted(base.glob(depth)) if path.is_file()}
    return list(files)


def _place(target: dict, pattern: Artifacts, build: dict) -> tuple[str, str]:
    """Bucket and key. CodePipeline gives both; S3 artifacts are named by path, namespace and name."""
    location = target["location"].removeprefix("arn:aws:s3:::")
    if target["type"] == "CODEPIPELINE":
        bucket, _, key = location.partition("/")
        return bucket, key
    name = pattern.name if target.get("overrideArtifactName") and pattern.name else target.get("name")
    namespace = build["id"].partition(":")[2] if target.get("namespaceType") == "BUILD_ID" else ""
    parts = (target.get("path", "").strip("/"), namespace, name or build["projectName"])
    return location, "/".join(filter(None, parts))


def _encryption(key: str) -> dict[str, str]:
    # Without a key of one's own, the bucket's default encryption applies.
    own = not key.endswith(":alias/aws/s3")
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if own else {}
