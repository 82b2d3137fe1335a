"""Builders of container images that a machine may have: Docker, Podman, or Buildah with a base made by debootstrap."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FROM = "public.ecr.aws/docker/library/python:3.13-slim-bookworm"
# How this machine reaches its package registry; pip in a build has to reach it in the same way.
_PIP = ("/etc/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf", "/etc/ssl/certs/ca-certificates.crt")


class Engine:
    """Docker or Podman."""

    def __init__(self, program: str) -> None:
        self._program = program

    def build(self, directory: Path, name: str) -> None:
        """Build the Dockerfile of a directory."""
        _run([self._program, "build", "--tag", name, str(directory)])

    @contextmanager
    def run(self, name: str, ml: Path, program: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """Run a program of the image as SageMaker does, with `ml` as /opt/ml."""
        settings = [f"--env={key}={value}" for key, value in variables.items()]
        command = [self._program, "run", "--rm", "--network=host", f"--volume={ml}:/opt/ml", *settings, name, program]
        with _process(command) as process:
            yield process


class Buildah:
    """Buildah without a daemon: chroot isolation, a store of its own, and Debian in place of the registry's base."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._buildah = [
            "buildah",
            "--storage-driver=vfs",
            f"--root={store / 'storage'}",
            f"--runroot={store / 'run'}",
        ]
        files = (Path(name).expanduser() for name in _PIP)
        self._volumes = [f"--volume={file}:{file}:ro" for file in files if file.is_file()]

    def build(self, directory: Path, name: str) -> None:
        """Build the Dockerfile of a directory on Debian's own Python."""
        if not (self._store / "base").exists():
            self._make_base()
        self._bud(directory, name)

    @contextmanager
    def run(self, name: str, ml: Path, program: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """Run a program of the image as SageMaker does, with `ml` as /opt/ml."""
        container = _run([*self._buildah, "from", "--pull-never", name]).strip()
        try:
            entrypoint = json.loads(_run([*self._buildah, "inspect", container]))["OCIv1"]["config"]["Entrypoint"]
            settings = [f"--env={key}={value}" for key, value in variables.items()]
            options = ["--isolation=chroot", "--network=host", f"--volume={ml}:/opt/ml", *settings]
            with _process([*self._buildah, "run", *options, container, "--", *entrypoint, program]) as process:
                yield process
        finally:
            _run([*self._buildah, "rm", container])

    def _make_base(self) -> None:
        root = self._store / "debian"
        packages = "python3,python3-pip,python3-venv,ca-certificates"
        _run(["debootstrap", "--variant=minbase", f"--include={packages}", "trixie", str(root)])
        # What Debian's Python lacks of Docker's: the name `python`, and leave to install into it.
        (root / "usr/bin/python").symlink_to("python3")
        for marker in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
            marker.unlink()
        base = self._store / "base"
        base.mkdir()
        (base / "Dockerfile").write_text("FROM scratch\nADD debian /\n")
        root.rename(base / "debian")
        self._bud(base, _FROM)

    def _bud(self, directory: Path, name: str) -> None:
        options = ["--pull-never", "--isolation=chroot", "--network=host", *self._volumes]
        _run([*self._buildah, "bud", *options, "--tag", name, str(directory)])


Builder = Engine | Buildah


def find(store: Path) -> Builder | None:
    """The first builder that works on this machine. `store` is an empty directory for what Buildah makes."""
    for program in ("docker", "podman"):
        if shutil.which(program) and subprocess.run([program, "info"], capture_output=True).returncode == 0:
            return Engine(program)
    if os.geteuid() == 0 and shutil.which("buildah") and shutil.which("debootstrap"):
        return Buildah(store)
    return None


def _run(command: list[str]) -> str:
    done = subprocess.run(command, text=True, capture_output=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return done.stdout


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)
