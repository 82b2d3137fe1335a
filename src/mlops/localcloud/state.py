"""cloud.json: the address and the credentials of a running local cloud, for the clients of its owner."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

FILE = "cloud.json"


@dataclass(frozen=True)
class Running:
    """A local cloud that answers on `port`.

    `id` is new at each start; the health check on the port returns it. `owned` clouds end with the process that started
    them.
    """

    id: str
    port: int
    pid: int
    region: str
    access_key_id: str
    secret_access_key: str
    owned: bool

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which every AWS client calls this cloud, and none calls AWS."""
        no_proxy = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            # sync-127.0.0.1, the host of StartSyncExecution, has no address.
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "NO_PROXY": ",".join(dict.fromkeys(filter(None, [*no_proxy.split(","), "127.0.0.1"]))),
        }


def write(directory: Path, running: Running) -> None:
    """Write the file atomically, readable by its owner only."""
    unfinished = directory / f".{FILE}.{os.getpid()}"
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(asdict(running)) + "\n")
    unfinished.replace(directory / FILE)


def read(directory: Path) -> Running | None:
    """The cloud of the file; None where there is no valid file."""
    try:
        content = json.loads((directory / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    types = {field.name: {"str": str, "int": int, "bool": bool}[str(field.type)] for field in fields(Running)}
    # type(), not isinstance: true is an int as well.
    if not isinstance(content, dict) or {name: type(value) for name, value in content.items()} != types:
        return None
    return Running(**content) if content["pid"] > 0 and 0 < content["port"] < 65536 else None


def remove(directory: Path) -> None:
    """Remove the file, if there is one."""
    # A directory that is a file, or below one, has no file either.
    with suppress(FileNotFoundError, NotADirectoryError):
        (directory / FILE).unlink()
