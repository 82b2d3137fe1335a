"""The container contract of a job: the /opt/ml layout of each instance, its files, its environment, its program.

A container is a process here, so /opt/ml is a directory of the job, `SAGEMAKER_BASE_DIR` names it, and arguments
and environment values that are paths below /opt/ml point into it. The instances of a job are processes on
separate loopback addresses, 127.0.0.1 and up: Python programs reach each other by the hosts of
resourceconfig.json, algo-1 and up, which `host_names` resolves for them.
"""

import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops.localcloud import context, processes
from mlops.localcloud.errors import AWSError
from mlops.localcloud.images import Image
from mlops.localcloud.processes import Process
from mlops.localcloud.sagemaker.common import roles

_INSIDE = "/opt/ml"
_HOST_NAMES = Path(__file__).with_name("host_names")
_PATH_INSIDE = re.compile(r"(?:^|(?<==))/opt/ml(?=/|$)")
_REASON_BYTES = 1024
_COMMAND_NOT_FOUND, _COMMAND_NOT_EXECUTABLE = 127, 126


class NotStarted(Exception):
    """A container whose program could not be started, with the exit code that Docker gives for it."""

    def __init__(self, message: str, exit_code: int):
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Instance:
    """One instance of a job: its host name (algo-1), its address, and the directory used as /opt/ml.

    `addresses` are those of all instances of the job by their host names.
    """

    name: str
    host: str
    root: Path
    addresses: Mapping[str, str] = field(default_factory=dict)

    def path(self, inside: str) -> Path:
        """A path of the container as a path of this machine. Raises AWSError for one outside of /opt/ml."""
        resolved = os.path.normpath(inside)
        if resolved != _INSIDE and not resolved.startswith(f"{_INSIDE}/"):
            raise AWSError("ValidationException", f"Local path {inside} must lie below {_INSIDE}")
        return self.root / resolved.removeprefix(_INSIDE).lstrip("/")

    def write_json(self, name: str, content: Any) -> None:
        """Write a configuration file, named relative to /opt/ml."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content, indent=2), encoding="utf-8")

    def read_text(self, name: str) -> str:
        """The first kilobyte of a file that the program may have written, named relative to /opt/ml; empty without it."""
        file = self.root / name
        if not file.is_file():
            return ""
        with file.open("rb") as content:
            return content.read(_REASON_BYTES).decode("utf-8", errors="replace").strip()

    def start(
        self,
        image: Image,
        on_line: Callable[[str], None],
        arguments: Sequence[str] = (),
        entrypoint: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Process:
        """Run the image's program on this instance, `environment` over the image's. Raises NotStarted."""
        try:
            argv, own, cwd = image.command(arguments, entrypoint)
        except AWSError as error:
            raise NotStarted(error.message, _COMMAND_NOT_FOUND) from error
        variables = {**own, **(environment or {})}
        settings = {
            # The user's own ~/.aws and caches must not reach the container.
            "HOME": str(self.root),
            "TMPDIR": str(context.settings.temporary),
            "SAGEMAKER_BASE_DIR": str(self.root),
            **{name: self._outside(value) for name, value in variables.items()},
        }
        if self.addresses:
            paths = [str(_HOST_NAMES), *filter(None, [settings.get("PYTHONPATH")])]
            settings |= {
                "PYTHONPATH": os.pathsep.join(paths),
                "SAGEMAKER_CLUSTER_ADDRESSES": json.dumps(dict(self.addresses)),
            }
        try:
            return processes.start([self._outside(word) for word in argv], settings, cwd, on_line)
        except OSError as error:
            raise NotStarted(f"{argv[0]}: {error.strerror}", _COMMAND_NOT_EXECUTABLE) from error

    def _outside(self, word: str) -> str:
        return _PATH_INSIDE.sub(lambda _: str(self.root), word)


def instances(directory: Path, count: int) -> list[Instance]:
    """Fresh instances of a job below its directory. Raises AWSError when this machine's loopback has too few addresses."""
    if directory.exists():
        # Left by a cloud that ran in this directory before; that cloud's job is unknown to this one.
        shutil.rmtree(directory)
    addresses = {f"algo-{number}": _loopback(number) for number in range(1, count + 1)}
    created = [Instance(name, address, directory / name, addresses) for name, address in addresses.items()]
    for instance in created:
        instance.root.mkdir(parents=True)
    return created


def resource_config(instance: Instance, fleet: Sequence[Instance], instance_type: str) -> dict:
    """resourceconfig.json of a training job."""
    hosts = [other.name for other in fleet]
    return {
        "current_host": instance.name,
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "hosts": hosts,
        "instance_groups": [
            {
                "instance_group_name": "homogeneousCluster",
                "instance_type": instance_type,
                "hosts": hosts,
            }
        ],
        "network_interface_name": "lo0" if sys.platform == "darwin" else "lo",
    }


def role_environment(role_arn: str, isolated: bool) -> dict[str, str]:
    """Variables with which a container calls AWS under the job's role; none under network isolation."""
    if isolated:
        return {"AWS_REGION": context.region(), "AWS_DEFAULT_REGION": context.region()}
    return context.role_environment(role_arn, roles.PRINCIPAL)


def _loopback(number: int) -> str:
    host = f"127.0.0.{number}"
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise AWSError(
                "ResourceLimitExceeded",
                f"Instance {number} of the job needs the loopback address {host}, which this machine does not have. "
                f"Add it (macOS: sudo ifconfig lo0 alias {host}), or set InstanceCount to {number - 1}.",
            ) from error
    return host
