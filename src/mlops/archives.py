"""Extraction of tar archives from other programs."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path


def extract(archive: Path, directory: Path) -> None:
    """Extract the files and directories of an archive into an existing or new directory.

    Raises tarfile.TarError for a file that is not an archive, and for a link, a device or a path outside of the directory.
    Python's own filter for this came with 3.11.4; Debian 12 has an older one.
    """
    root = directory.resolve()
    with tarfile.open(archive) as content:
        for member in content:
            path = (root / member.name).resolve()
            if not path.is_relative_to(root) or not (member.isfile() or member.isdir()):
                raise tarfile.ExtractError(f"{member.name} is not a file or directory inside of the archive")
            if member.isdir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            source = content.extractfile(member)
            assert source is not None  # only None for members that are not files
            with source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
            path.chmod(0o755 if member.mode & 0o100 else 0o644)
