"""Generating repositories in tests."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).parents[1]
GENERATED = TEMPLATE / "{{cookiecutter.project}}"


def bake(target: Path, template: Path = TEMPLATE, **answers: str) -> Path:
    """Generate a repository below `target` with these answers, defaults for the rest; return its path."""
    with _quiet():
        return Path(cookiecutter(str(template), no_input=True, output_dir=str(target), extra_context=answers))


def files(root: Path) -> dict[str, bytes]:
    """Content of every file below `root` by its POSIX path; caches and local state left out."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not any(part in _LEFT_OUT for part in path.relative_to(root).parts)
    }


def copy_without_tests(repository: Path, target: Path) -> Path:
    """Copy a repository without its tests, caches and local state."""
    return shutil.copytree(repository, target, ignore=shutil.ignore_patterns(*_LEFT_OUT, "tests"), dirs_exist_ok=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop what the hooks print, as processes that have this one's standard output."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _shared() -> Path:
    """Bake once per run of pytest; its worker processes find the repository through the environment."""
    if _VARIABLE not in os.environ:
        folder = tempfile.mkdtemp(prefix="mlops-tests-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        repository = bake(Path(folder))
        shutil.copytree(_CONFIGURATION, repository / "configuration", dirs_exist_ok=True)
        os.environ[_VARIABLE] = str(repository)
    return Path(os.environ[_VARIABLE])


_LEFT_OUT = {
    ".git",
    ".ipynb_checkpoints",
    ".mlops",
    ".notebook",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "__pycache__",
}
_VARIABLE = "MLOPS_TESTS_REPOSITORY"

# What is shipped may change with the sample; tests of the machinery keep their own values.
_CONFIGURATION = Path(__file__).parent / "repository_configuration"

REPOSITORY = _shared()
"""A generated repository with the configuration of tests/repository_configuration, for tests that only read it."""
