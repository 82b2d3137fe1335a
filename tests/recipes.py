"""Documents with files and commands, carried out as their readers would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

# ```language path, or ```sh with commands.
_BLOCK = re.compile(r"^```(\w*) ?(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# Reads a package index; the test's environment has the packages.
_NOT_RUN = ("make lock && make setup",)


def write(repository: Path, document: str) -> None:
    """Write the document's files, without its commands."""
    for _, path, content in _BLOCK.findall((repository / document).read_text()):
        if path:
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            (repository / path).write_text(content)


def follow(repository: Path, document: str) -> list[str]:
    """Write the document's files and run its commands, in their order; return the commands."""
    commands = []
    for _, path, content in _BLOCK.findall((repository / document).read_text()):
        if path:
            (repository / path).write_text(content)
            continue
        for command in content.splitlines():
            commands.append(command)
            if command not in _NOT_RUN:
                run(repository, command)
    return commands


def run(repository: Path, command: str, exit_code: int = 0) -> str:
    """Run a command in the environment of `make setup`; return what it wrote, or fail with it."""
    line = re.sub(r"^mlops ", "python -m mlops ", command)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = inherited | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(line, shell=True, cwd=repository, env=environment, text=True, capture_output=True)
    assert done.returncode == exit_code, f"{command}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return done.stdout + done.stderr
