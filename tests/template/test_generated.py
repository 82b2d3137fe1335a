"""The generated repository's own tests, as the person who generated it runs them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.acceptance
def test_the_generated_repositorys_test_command_passes(generated: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=generated,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout[-20000:]
    assert re.search(r"\d+ passed", done.stdout)
