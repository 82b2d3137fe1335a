"""Git in repositories of tests."""

import subprocess
from pathlib import Path

_IDENTITY = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]


def git(repository: Path, *words: str) -> str:
    """Run a command of git in a repository and return its output. Raises CalledProcessError."""
    done = subprocess.run(["git", *_IDENTITY, *words], cwd=repository, check=True, capture_output=True, text=True)
    return done.stdout.strip()
