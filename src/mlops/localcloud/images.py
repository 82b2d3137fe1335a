"""Container images without Docker: the program that a Dockerfile describes, run as a process.

A pushed image is its build context with the Dockerfile's COPY and ADD instructions replayed into a root directory,
and the program that ENTRYPOINT and CMD name. FROM and RUN make an environment; the one that this cloud runs in
replaces it, so they are skipped, and so are copies from other build stages.
"""

import dataclasses
import hashlib
import json
import os
import shlex
import shutil
import string
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from botocore.exceptions import ClientError
from dockerfile_parse import DockerfileParser

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Image:
    """A pushed image: the directory of its files and its program."""

    digest: str
    root: Path
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()

    def command(
        self, args: Sequence[str] = (), entrypoint: Sequence[str] | None = None
    ) -> tuple[list[str], dict[str, str], Path]:
        """The container as a process: argument list, environment, working directory.

        `args` replace the image's CMD and `entrypoint` its ENTRYPOINT, as with `docker run`.
        Raises AWSError when the image names no program or the program does not exist.
        """
        own = self.entrypoint if entrypoint is None else tuple(entrypoint)
        rest = tuple(args) or (self.cmd if entrypoint is None else ())
        argv = [self._inside(word) for word in (*own, *rest)]
        if not argv:
            raise AWSError("ValidationException", f"Image {self.digest} names no program to run")
        environment = {
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.defpath)),
            "LANG": "C.UTF-8",
            **{name: value for name, value in self.environment.items() if name != "PATH"},
        }
        cwd = Path(self._inside(self.workdir))
        return [self._program(argv[0], environment["PATH"], cwd), *argv[1:]], environment, cwd

    def _inside(self, word: str) -> str:
        """A path of the image as a path on this machine; any other word as it is."""
        inside = self.root / word.lstrip("/")
        return str(inside) if word.startswith("/") and inside.exists() else word

    def _program(self, name: str, path: str, cwd: Path) -> str:
        if name in ("python", "python3"):
            return sys.executable
        program = shutil.which(name, path=path) or shutil.which(str(cwd / name))
        if program is None:
            raise AWSError("ValidationException", f'exec: "{name}": executable file not found in image {self.digest}')
        return program


_images = context.scoped(dict[str, Image])


def push(repository: str, tags: Sequence[str], context_dir: Path, dockerfile: Path) -> str:
    """Build `dockerfile` with build context `context_dir` and push it to an ECR repository. Returns the digest.

    Raises AWSError where the Dockerfile cannot be followed or ECR refuses the image.
    """
    if not dockerfile.is_file():
        raise AWSError("ValidationException", f"There is no Dockerfile at {dockerfile.parent.name}/{dockerfile.name}")
    staging = context.directory("images", f"build-{uuid.uuid4()}")
    image = build(dockerfile, context_dir, staging, "")
    content = _content_digest(staging, dockerfile)
    root = staging.with_name(content.removeprefix("sha256:"))
    if root.is_dir():
        shutil.rmtree(staging)
    else:
        staging.rename(root)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": content, "size": 0},
            "layers": [],
        },
        sort_keys=True,
    )
    digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    _images()[digest] = dataclasses.replace(image, digest=digest, root=root)
    for tag in tags:
        _put(repository, tag, manifest)
    return digest


def build(dockerfile: Path, context_dir: Path, root: Path, digest: str) -> Image:
    """Replay the Dockerfile's last stage into `root`; files that .dockerignore excludes are not copied.

    Raises AWSError where the Dockerfile is missing or copies what the build context does not have.
    """
    workdir, environment = "/", dict[str, str]()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    included = _build_context(context_dir)
    for instruction, value in _instructions(dockerfile):
        if instruction == "WORKDIR":
            workdir = os.path.normpath(os.path.join(workdir, _substitute(value, environment)))
            (root / workdir.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif instruction == "ENV":
            environment |= _assignments(value, environment)
        elif instruction in ("COPY", "ADD"):
            _copy(_substitute(value, environment), workdir, root, context_dir, included)
        elif instruction == "ENTRYPOINT":
            entrypoint, cmd = _words(value), ()
        elif instruction == "CMD":
            cmd = _words(value)
    return Image(digest, root, workdir, environment, entrypoint, cmd)


def resolve(image_uri: str) -> Image:
    """The image of a URI such as 000000000000.dkr.ecr.us-east-1.amazonaws.com/name@sha256:….

    Raises AWSError when no image was pushed under this URI.
    """
    refused = AWSError(
        "ValidationException",
        f"Image {image_uri} was not built here: the local cloud runs images that one of its own pipelines has built. "
        "Leave TrainingImage out of configuration/trainingjob.json to build the repository's own Dockerfile.",
    )
    registry, _, rest = image_uri.partition("/")
    if ".dkr.ecr." not in registry or not rest:
        raise refused
    repository, at, digest = rest.partition("@")
    repository, _, tag = repository.partition(":")
    image_id = {"imageDigest": digest} if at else {"imageTag": tag or "latest"}
    try:
        details = context.client("ecr").describe_images(repositoryName=repository, imageIds=[image_id])["imageDetails"]
    except ClientError as error:
        raise refused from error
    for detail in details:
        if detail["imageDigest"] in _images():
            return _images()[detail["imageDigest"]]
    raise refused


def _put(repository: str, tag: str, manifest: str) -> None:
    try:
        context.client("ecr").put_image(
            repositoryName=repository, imageManifest=manifest, imageManifestMediaType=_MANIFEST, imageTag=tag
        )
    except ClientError as error:
        # `docker push` accepts an image that the repository already has.
        if error.response["Error"]["Code"] != "ImageAlreadyExistsException":
            raise AWSError(error.response["Error"]["Code"], error.response["Error"]["Message"]) from error


def _instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Instructions of the last build stage, in upper case, with their values."""
    with dockerfile.open("rb") as file:
        structure = DockerfileParser(fileobj=file).structure
    steps = [(step["instruction"].upper(), step["value"]) for step in structure if step["instruction"] != "COMMENT"]
    starts = [index for index, (instruction, _) in enumerate(steps) if instruction == "FROM"]
    if not starts:
        raise AWSError("ValidationException", f"{dockerfile.name} has no FROM instruction")
    return steps[starts[-1] :]


def _build_context(directory: Path) -> list[PurePosixPath]:
    """The files that `docker build` sends to the builder: all but those that .dockerignore excludes."""
    from docker.utils.build import PatternMatcher

    ignore = directory / ".dockerignore"
    patterns = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    patterns = [pattern.strip() for pattern in patterns if pattern.strip() and not pattern.startswith("#")]
    # The matcher always includes .dockerignore, which the builder needs. Where it excludes anything, COPY does not see it.
    paths = sorted(PatternMatcher([*patterns, "**/__pycache__"]).walk(str(directory)))
    paths = [path for path in paths if path != ".dockerignore" or not patterns]
    return [PurePosixPath(Path(path).as_posix()) for path in paths if (directory / path).is_file()]


def _content_digest(root: Path, dockerfile: Path) -> str:
    digest = hashlib.sha256(dockerfile.read_bytes())
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return f"sha256:{digest.hexdigest()}"


def _copy(value: str, workdir: str, root: Path, context_dir: Path, included: Sequence[PurePosixPath]) -> None:
    words = json.loads(value) if value.lstrip().startswith("[") else shlex.split(value)
    flags = [word for word in words if word.startswith("--")]
    if any(flag.startswith("--from=") for flag in flags):
        return
    *sources, target = [word for word in words if not word.startswith("--")]
    destination = os.path.normpath(os.path.join(workdir, target))
    for source in sources:
        pattern = os.path.normpath(source.lstrip("/"))
        files = _matches(pattern, included)
        if not files:
            raise AWSError("ValidationException", f"COPY {source}: there is no such file in the build context")
        for file, below in files:
            if below is None:
                is_folder = target.endswith(("/", ".")) or (root / destination.lstrip("/")).is_dir() or len(files) > 1
                below = PurePosixPath(file.name) if is_folder or len(sources) > 1 else None
            copy = root / destination.lstrip("/") / (below or "")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(context_dir / file, copy)


def _matches(pattern: str, included: Sequence[PurePosixPath]) -> list[tuple[PurePosixPath, PurePosixPath | None]]:
    """Files that a source of COPY names, each with its path below the directory that the source names; None where it names a file."""
    matches: list[tuple[PurePosixPath, PurePosixPath | None]] = []
    for file in included:
        for named in (file, *file.parents):
            if str(named) == pattern or (
                pattern != "." and len(named.parts) == pattern.count("/") + 1 and named.match(pattern)
            ):
                matches.append((file, None if named == file else file.relative_to(named)))
                break
    return matches


def _assignments(value: str, known: dict[str, str]) -> dict[str, str]:
    if "=" not in value.split(None, 1)[0]:
        name, _, rest = value.partition(" ")
        return {name: _substitute(rest.strip(), known)}
    pairs = (word.partition("=") for word in shlex.split(value))
    return {name: _substitute(text, known) for name, _, text in pairs}


def _words(value: str) -> tuple[str, ...]:
    """Exec form as it is; shell form under `/bin/sh -c`, as Docker does."""
    return tuple(json.loads(value)) if value.lstrip().startswith("[") else ("/bin/sh", "-c", value)


def _substitute(text: str, variables: dict[str, str]) -> str:
    return string.Template(text).safe_substitute(variables)
