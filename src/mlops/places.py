"""Places on this machine's disk that a command writes to: their names in messages, and checks before the work starts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlops.errors import InputError

FOLDER = "a folder that can be created and written"
FILE = "a file that can be written, in an existing folder"


def shown(path: Path) -> Path:
    """The path relative to the working directory, where it is below it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def require_folder(folder: Path) -> None:
    """InputError unless files can be created in the folder. A missing folder is not created: its nearest parent is tried."""
    with writing(folder):
        place = folder.absolute()
        _try(next(each for each in (place, *place.parents) if each.exists()))


def require_file(file: Path, allowed: str = FILE) -> None:
    """InputError unless a file can be created beside this one, to replace it."""
    with writing(file, allowed):
        if file.exists() and not file.is_file():
            raise InputError(f"{shown(file)}: is no file; allowed is {allowed}")
        _try(file.absolute().parent)


@contextmanager
def writing(place: Path, allowed: str = FOLDER) -> Iterator[None]:
    """Turn an OSError of the block into an InputError that names the place, the reason and what is `allowed`."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{shown(place)}: {error.strerror or error}; allowed is {allowed}") from error


def _try(folder: Path) -> None:
    # Permissions alone do not say it: a mount may be read-only, and root may write nearly everywhere.
    tempfile.TemporaryFile(dir=folder).close()
