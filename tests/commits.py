"""Git in repositories of tests."""

import subprocess
from pathlib import Path

from baking import TEMPLATE

_IDENTITY = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]


def git(repository: Path, *words: str) -> str:
    """Run a command of git in a repository and return its output. Raises CalledProcessError."""
    done = subprocess.run(["git", *_IDENTITY, *words], cwd=repository, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def clone_template(clone: Path) -> Path:
    """Clone the template with the files of its working tree, which are not committed. Returns the clone."""
    subprocess.run(["git", "clone", "--quiet", str(TEMPLATE), str(clone)], check=True)
    for name in git(TEMPLATE, "ls-files", "-z", "--cached", "--others", "--exclude-standard").strip("\0").split("\0"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        if (TEMPLATE / name).is_file():
            (clone / name).write_bytes((TEMPLATE / name).read_bytes())
        else:
            (clone / name).unlink(missing_ok=True)
    return clone
