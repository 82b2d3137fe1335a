"""A generated repository in which another team has put its own code, with its own interpreter and its own local cloud."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baking import TEMPLATE, bake, files
from mlops.localcloud import state

# What docs/bring-your-own-model.md has a team replace.
REPLACED = ("model/", "data/", "tests/model/", "tests/data/")
_LOCKS = ("build", "container", "dev")


@dataclass(frozen=True)
class Report:
    """report.json, and the HTML page."""

    content: dict[str, Any]
    page: Path


@dataclass(frozen=True)
class OtherTeam:
    """Its repository, and the interpreter of its environment."""

    path: Path
    python: Path

    @property
    def cloud_directory(self) -> Path:
        return self.path / ".mlops" / "local"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the interpreter in the repository; calls the local cloud when one runs, and nothing else of AWS."""
        running = state.read(self.cloud_directory)
        environment = {"PATH": f"{self.python.parent}:{os.environ['PATH']}", "HOME": str(self.path.parent)}
        return subprocess.run(
            [str(self.python), *words],
            cwd=self.path,
            env=environment | {"NO_COLOR": "1"} | (running.environment if running else {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def mlops(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "mlops", *words)

    def succeed(self, *words: str) -> str:
        """Standard output of a `mlops` that must exit with 0."""
        done = self.mlops(*words)
        assert done.returncode == 0, f"mlops {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def commit(self, message: str) -> None:
        identity = ("-c", "user.name=team", "-c", "user.email=team@example.com")
        for words in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "--message", message)):
            subprocess.run(["git", *words], cwd=self.path, check=True)

    def edit(self, file: str, change: Callable[[str], str]) -> None:
        """Change a text file; the change must be one."""
        path = self.path / file
        before = path.read_text(encoding="utf-8")
        after = change(before)
        assert after != before, f"{file} stays as it is"
        path.write_text(after, encoding="utf-8")

    def newest_report(self) -> Report:
        page = max((self.path / ".mlops" / "reports").glob("*/report.html"), key=lambda path: path.stat().st_mtime)
        return Report(json.loads(page.with_suffix(".json").read_text(encoding="utf-8")), page)


def create(directory: Path, team: Path, python: Path, **answers: str) -> OtherTeam:
    """Generate a repository and replace in it what is the team's. Everything else stays as it was generated."""
    repository = bake(directory, **answers)
    generated = files(repository)
    for folder in REPLACED:
        shutil.rmtree(repository / folder)
    shutil.copytree(team, repository, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    _require_own_files(repository, generated)
    return OtherTeam(repository, python)


def _require_own_files(repository: Path, generated: dict[str, bytes]) -> None:
    """Fail when files of a team are not in the folders of a team."""
    changed = {name for name, content in files(repository).items() if generated.get(name) != content}
    foreign = sorted(name for name in changed if not name.startswith((*REPLACED, "configuration/")))
    assert not foreign, f"not a team's: {foreign}"


def environment_without(directory: Path, *packages: str) -> Path:
    """Make an environment that has links to all of this one's packages except some. Returns its interpreter."""
    venv.EnvBuilder(symlinks=True).create(directory)
    [site_packages] = directory.glob("lib/python*/site-packages")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(packages):
            (site_packages / entry.name).symlink_to(entry)
    programs = Path(sys.executable).parent
    for script in programs.iterdir():
        own = directory / "bin" / script.name
        if script.is_file() and not script.is_symlink() and not own.exists():
            text = script.read_bytes()
            if text.startswith(b"#!"):
                own.write_bytes(text.replace(str(programs).encode(), str(own.parent).encode()))
                own.chmod(0o755)
    return directory / "bin" / "python"


def lock(team: OtherTeam, *, without: tuple[str, ...], added: tuple[str, ...]) -> None:
    """What `make lock` writes after a change of model/requirements.in, without a package index.

    The pins of added packages are those of the template's own lock.
    """
    pinned = _pins((TEMPLATE / "requirements" / "template.txt").read_text(encoding="utf-8"))
    new = {name: pinned[name] for name in added}
    for name in _LOCKS:
        file = team.path / "requirements" / f"{name}.txt"
        kept = {key: pin for key, pin in _pins(file.read_text(encoding="utf-8")).items() if key not in without}
        file.write_text("".join(pin for _, pin in sorted((kept | new).items())), encoding="utf-8")


def _pins(text: str) -> dict[str, str]:
    """Each package's lines of a lock, by its name."""
    return {
        found[1]: found[0] for found in re.finditer(r"^([a-z0-9][\w.-]*)(?:\[.*\])?==.*\n(?:[ \t]+.*\n)*", text, re.M)
    }
