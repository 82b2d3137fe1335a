"""Log files in a local cloud's directory, which remain when the cloud has stopped."""

from glob import escape
from pathlib import Path


def find(directory: Path, group: str, stream: str) -> list[Path]:
    """The files of the streams of a log group that begin with `stream`, or of the whole group."""
    # Builds, jobs and endpoints have folders of their names: builds/PROJECT/ID, training-jobs/NAME, endpoints/NAME.
    name = escape(stream.strip("/") or group.rpartition("/")[2])
    folders = [*directory.glob(f"*/{name}"), *directory.glob(f"*/*/{name}")]
    return sorted(file for folder in folders for pattern in ("*.log", "*/*.log") for file in folder.glob(pattern))
