"""The ledger of roles: each distinct decision about an action of a role, in iam.jsonl of the cloud's directory.

A line: principal (the role's name), action, resource, allowed.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops.localcloud import context
from mlops.localcloud.ministack import iam

FILE = "iam.jsonl"

_seen: set[tuple[str, str, str, bool]] = set()
_lock = threading.Lock()


@dataclass(frozen=True)
class Entry:
    """One decision; `role` is the role's name."""

    role: str
    action: str
    resource: str
    allowed: bool


def install() -> None:
    """Start recording."""
    iam.on_decision(_note)


def read(directory: Path) -> Iterator[Entry]:
    """The entries of the cloud of this directory."""
    file = directory / FILE
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        yield Entry(**json.loads(line))


def _note(principal_arn: str, action: str, resource: str, allowed: bool) -> None:
    if ":assumed-role/" not in principal_arn:
        return
    entry = (principal_arn.split("/")[1], action, resource, allowed)
    with _lock:
        if entry in _seen:
            return
        _seen.add(entry)
        line = json.dumps(dict(zip(("role", "action", "resource", "allowed"), entry, strict=True)))
        with (context.settings.directory / FILE).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
