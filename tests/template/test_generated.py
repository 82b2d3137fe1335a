"""The generated repository's own tests, as the person who generated it runs them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


def test_the_generated_repositorys_tests_of_its_code_pass(generated: Path) -> None:
    passed(generated, "tests/model", "tests/data", "tests/api")


@pytest.mark.acceptance
def test_the_generated_repositorys_test_command_passes(generated: Path) -> None:
    passed(generated)


def passed(repository: Path, *paths: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *paths],
        cwd=repository,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout[-20000:]
    assert re.search(r"\d+ passed", done.stdout)
