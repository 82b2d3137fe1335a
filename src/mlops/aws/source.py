"""The source tree as the zip archive that the pipeline's Source action takes."""

from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

# The earliest time that a zip archive can hold: the same content gives the same bytes whenever it is packed.
EPOCH = (1980, 1, 1, 0, 0, 0)
_NEVER = {
    ".git",
    ".ipynb_checkpoints",
    ".mlops",
    ".notebook",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "__pycache__",
    "node_modules",
}

UNCOMMITTED = "uncommitted"


def files(root: Path) -> list[Path]:
    """The files of the source, relative to `root`: tracked and new files that git doesn't ignore.

    Where git lists no file (no repository, no git, a directory that an outer repository ignores), every
    file but caches, environments and the state in .mlops.
    """
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = (Path(name) for name in listed.split("\0") if name)
    # A file that was deleted but not yet committed is still listed.
    existing = sorted({name for name in names if (root / name).is_file()}) or sorted(_walk(root))
    return [name for name in existing if not _NEVER.intersection(name.parts)]


def commit_id(root: Path) -> str:
    """The commit that is packed, with "+uncommitted" when the tree differs; "uncommitted" without a commit."""
    if not _git(root, "ls-files", "--cached", "."):
        return UNCOMMITTED
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD").strip()
    if not commit:
        return UNCOMMITTED
    return f"{commit}+{UNCOMMITTED}" if _git(root, "status", "--porcelain", "--", ".") else commit


def pack(root: Path, names: Iterable[Path], archive: Path, *, compressed: bool = False) -> Path:
    """Write the files, given relative to `root`, to a zip archive. The same content gives the same bytes.

    With `compressed`, this holds only for one version of zlib, as versions compress differently.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(archive, "w") as target:
        for name in sorted(names):
            file = root / name
            entry = zipfile.ZipInfo(name.as_posix(), EPOCH)
            entry.compress_type = method
            # 3 is Unix; Python writes 0 on Windows.
            entry.create_system = 3
            entry.external_attr = (0o755 if os.access(file, os.X_OK) else 0o644) << 16
            # By this size zipfile decides whether the header needs 64 bits.
            entry.file_size = file.stat().st_size
            with file.open("rb") as content, target.open(entry, "w") as packed:
                while block := content.read(1 << 20):
                    packed.write(block)
    return archive


def _walk(root: Path) -> Iterator[Path]:
    for directory, folders, names in os.walk(root):
        folders[:] = [folder for folder in folders if folder not in _NEVER]
        for name in names:
            yield (Path(directory) / name).relative_to(root)


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout
