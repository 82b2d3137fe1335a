"""The code of the function behind Studio's projects: cookiecutter, the template at a commit, the function itself."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from packaging.requirements import Requirement
from stack import Refused

_TEMPLATE = Path(__file__).parents[1]
_FUNCTION = Path(__file__).with_name("studio_function.py")
_CONTENT = ("cookiecutter.json", "hooks", "{{cookiecutter.project}}")
# Compiled for this machine; where one is missing, its package has the same in Python.
_COMPILED = {".so", ".pyd", ".pyc"}


def source() -> dict[str, str]:
    """The URL and the commit of the template. Refused where the template is no clone."""
    try:
        return {
            "template": _without_credentials(_git("remote", "get-url", "origin")),
            "commit": _git("rev-parse", "HEAD"),
        }
    except subprocess.CalledProcessError as error:
        raise Refused(
            f"{_TEMPLATE} is no clone of a repository with a remote origin ({error.stderr.decode().strip()}). Clone the "
            "template: generated repositories are updated from there.",
            2,
        ) from error


def build(source: dict[str, str]) -> bytes:
    """The package as a zip file, the same bytes for the same commit and environment."""
    archive = subprocess.run(
        ["git", "archive", "--format=tar", source["commit"], "--", *_CONTENT],
        cwd=_TEMPLATE,
        check=True,
        capture_output=True,
    ).stdout
    files = {
        "template.tar": archive,
        "source.json": json.dumps(source).encode(),
        _FUNCTION.name: _FUNCTION.read_bytes(),
    }
    for each in _with_requirements("cookiecutter"):
        files |= _files(each)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            package.writestr(entry, files[name])
    return buffer.getvalue()


def _with_requirements(name: str) -> Iterator[Distribution]:
    """An installed package and all that it requires."""
    wanted, found = [name], set()
    while wanted:
        package = distribution(wanted.pop())
        if package.name in found:
            continue
        found.add(package.name)
        yield package
        for each in map(Requirement, package.requires or []):
            if each.marker is None or each.marker.evaluate({"extra": ""}):
                wanted.append(each.name)


def _files(package: Distribution) -> dict[str, bytes]:
    """The files of an installed package that any machine can import, by path below the folder of packages."""
    paths = [PurePosixPath(each.as_posix()) for each in package.files or []]
    return {
        str(path): Path(str(package.locate_file(path))).read_bytes()
        for path in paths
        # Scripts are installed outside.
        if ".." not in path.parts and path.suffix not in _COMPILED and Path(str(package.locate_file(path))).is_file()
    }


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=_TEMPLATE, check=True, capture_output=True).stdout.decode().strip()


def _without_credentials(url: str) -> str:
    """The URL of a remote without the user and the token that it may have."""
    parts = urlsplit(url)
    if not parts.scheme.startswith("http"):
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
