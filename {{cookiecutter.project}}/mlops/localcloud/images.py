"""Container images without Docker: the program that a Dockerfile describes, run as a process.

A pushed image is its build context with the Dockerfile's COPY and ADD instructions replayed into a root directory,
and the program that ENTRYPOINT and CMD name. FROM and RUN make an environment; the one that this cloud runs in
stands in for it, so they are not carried out, and neither are copies from other build stages.
"""

import hashlib
import json
import os
import shlex
import shutil
import string
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import ClientError
from dockerfile_parse import DockerfileParser

from mlops.localcloud import context
from mlops.localcloud.service import AWSError

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Image:
    """A pushed image: where its files lie and what it runs."""

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
        found = shutil.which(name, path=path) or shutil.which(str(cwd / name))
        if found is None:
            raise AWSError("ValidationException", f'exec: "{name}": executable file not found in image {self.digest}')
        return found


_images = context.scoped(dict[str, Image])


def push(repository: str, tags: Sequence[str], context_dir: Path, dockerfile: Path) -> str:
    """Build `dockerfile` with build context `context_dir` and push it to an ECR repository. Returns the digest.

    Raises AWSError where the Dockerfile cannot be followed or ECR refuses the image.
    """
    if not dockerfile.is_file():
        raise AWSError("ValidationException", f"There is no Dockerfile at {dockerfile.parent.name}/{dockerfile.name}")
    content = _content_digest(context_dir, dockerfile)
    root = context.directory("images", content.removeprefix("sha256:"))
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
    _images()[digest] = build(dockerfile, context_dir, root, digest)
    for tag in tags:
        _put(repository, tag, manifest)
    return digest


def build(dockerfile: Path, context_dir: Path, root: Path, digest: str) -> Image:
    """Replay the Dockerfile's last stage into `root`.

    Raises AWSError where the Dockerfile is missing or copies what the build context does not have.
    """
    workdir, environment, entrypoint, cmd = "/", {}, (), ()
    for instruction, value in _instructions(dockerfile):
        if instruction == "WORKDIR":
            workdir = os.path.normpath(os.path.join(workdir, _substitute(value, environment)))
            (root / workdir.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif instruction == "ENV":
            environment |= _assignments(value, environment)
        elif instruction in ("COPY", "ADD"):
            _copy(_substitute(value, environment), workdir, root, context_dir)
        elif instruction == "ENTRYPOINT":
            entrypoint, cmd = _words(value), ()
        elif instruction == "CMD":
            cmd = _words(value)
    return Image(digest, root, workdir, environment, entrypoint, cmd)


def resolve(image_uri: str) -> Image:
    """The image of a URI such as 000000000000.dkr.ecr.us-east-1.amazonaws.com/name@sha256:….

    Raises AWSError when no program was pushed under it.
    """
    refused = AWSError(
        "ValidationException",
        f"Image {image_uri} is not mapped to a program: the local cloud runs images that a pipeline of it has built. "
        "Leave TrainingImage out of configuration/trainingjob.json to build the repository's own model/Dockerfile.",
    )
    registry, _, rest = image_uri.partition("/")
    if ".dkr.ecr." not in registry or not rest:
        raise refused
    repository, at, digest = rest.partition("@")
    repository, _, tag = repository.partition(":")
    wanted = {"imageDigest": digest} if at else {"imageTag": tag or "latest"}
    try:
        details = context.client("ecr").describe_images(repositoryName=repository, imageIds=[wanted])["imageDetails"]
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
        # Pushing what is there already is no error to `docker push`.
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


def _content_digest(context_dir: Path, dockerfile: Path) -> str:
    digest = hashlib.sha256(dockerfile.read_bytes())
    for path in sorted(path for path in context_dir.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        digest.update(path.relative_to(context_dir).as_posix().encode())
        digest.update(path.read_bytes())
    return f"sha256:{digest.hexdigest()}"


def _copy(value: str, workdir: str, root: Path, context_dir: Path) -> None:
    words = json.loads(value) if value.lstrip().startswith("[") else shlex.split(value)
    flags = [word for word in words if word.startswith("--")]
    if any(flag.startswith("--from=") for flag in flags):
        return
    *sources, target = [word for word in words if not word.startswith("--")]
    destination = root / os.path.normpath(os.path.join(workdir, target)).lstrip("/")
    for source in sources:
        found = [context_dir] if source in (".", "./") else sorted(context_dir.glob(source.lstrip("/")))
        if not found:
            raise AWSError("ValidationException", f"COPY {source}: there is no such file in the build context")
        for path in found:
            if path.is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(path, destination, dirs_exist_ok=True, ignore=ignore)
            else:
                into = target.endswith(("/", ".")) or destination.is_dir() or len(sources) > 1
                file = destination / path.name if into else destination
                file.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, file)


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
