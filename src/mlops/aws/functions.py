"""The archive of the functions in api/: their code and the libraries that they import.

The libraries are copied from the current environment, which is installed from requirements/build.txt: nothing is
downloaded, and the release gets the tested versions. They are pure Python: the archive runs on every architecture.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from mlops.aws.source import EPOCH
from mlops.errors import InputError, PipelineError

_PACKAGE = "api"
# Third-party libraries that the package imports. boto3 is part of Lambda's runtime.
_LIBRARIES = ("aws-lambda-powertools", "fastjsonschema")
_COMPILED = (".so", ".pyd", ".dylib", ".dll")
_NEVER = ("__pycache__", "__pypackages__")
_REQUIREMENT = re.compile(r"^[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Archive:
    """A zip archive and its key in the bucket. The same content has the same key."""

    content: bytes

    @property
    def key(self) -> str:
        return f"functions/{hashlib.sha256(self.content).hexdigest()[:16]}.zip"


def pack(root: Path) -> Archive:
    """Pack the functions of the repository at `root`.

    InputError for code that does not compile, PipelineError for a library that is missing or compiled.
    """
    files = {file.relative_to(root).as_posix(): file for file in (root / _PACKAGE).glob("*.py")}
    for name, file in sorted(files.items()):
        _require_compilable(name, file)
    for library in _closure(_LIBRARIES):
        files |= _files(library)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name].read_bytes())
    return Archive(content.getvalue())


def _require_compilable(name: str, file: Path) -> None:
    try:
        compile(file.read_bytes(), name, "exec")
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InputError(f"{name}{line}: {reason}. The functions are not released.") from error


def _closure(names: tuple[str, ...]) -> list[Distribution]:
    """The libraries and their dependencies, without extras."""
    libraries: dict[str, Distribution] = {}
    pending = list(names)
    while pending:
        name = pending.pop()
        if name.lower() in libraries:
            continue
        try:
            libraries[name.lower()] = distribution(name)
        except PackageNotFoundError as error:
            raise PipelineError(f"The library {name} of api/ is not installed here. Run: make setup") from error
        for requirement in libraries[name.lower()].requires or []:
            if "extra ==" not in requirement and (required := _REQUIREMENT.match(requirement)):
                pending.append(required[0])
    return list(libraries.values())


def _files(library: Distribution) -> dict[str, Path]:
    files = dict(_python_files(library))
    compiled = [name for name in files if name.endswith(_COMPILED)]
    if compiled:
        raise PipelineError(f"{library.name} can't be packed for Lambda, it is not pure Python: {compiled[0]}")
    return {name: file for name, file in files.items() if name.endswith((".py", ".json"))}


def _python_files(library: Distribution) -> Iterator[tuple[str, Path]]:
    for file in library.files or []:
        outside = file.parts[0] == ".." or file.parts[0].endswith((".dist-info", ".data"))
        if not outside and not any(part in _NEVER for part in file.parts):
            yield file.as_posix(), Path(file.locate())
