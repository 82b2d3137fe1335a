"""The checkout of a repository: its first commit, its remote, its push to main."""

from __future__ import annotations

import subprocess
from pathlib import Path

from mlops.errors import InputError, PipelineError

REMOTE = "origin"
BRANCH = "main"
_MESSAGE = "Generate the repository from its template"


def begin(root: Path) -> None:
    """Make `root` a git repository, with a first commit of all files, where it is none yet."""
    if not (root / ".git").exists():
        _git(root, "init", "--quiet", "--initial-branch", BRANCH)
    if not _succeeds(root, "rev-parse", "--verify", "--quiet", "HEAD"):
        _git(root, "add", "--all")
        _git(root, "commit", "--quiet", "--message", _MESSAGE)


def has_remote(root: Path) -> bool:
    return _succeeds(root, "remote", "get-url", REMOTE)


def push(root: Path) -> None:
    """Push what is checked out to main."""
    _git(root, "push", "--quiet", "--set-upstream", REMOTE, f"HEAD:{BRANCH}")


def _succeeds(root: Path, *words: str) -> bool:
    return _run(root, *words).returncode == 0


def _git(root: Path, *words: str) -> None:
    done = _run(root, *words)
    if done.returncode:
        raise PipelineError(f"git {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")


def _run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise InputError("git is not installed, or not in PATH.") from error
