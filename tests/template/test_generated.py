"""The generated repository's own tests, as the person who generated it runs them."""

import os
import re
import subprocess
import sys
from pathlib import Path


def test_the_generated_repositorys_own_tests_pass(generated: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "2",
        "--dist",
        "loadfile",
        "-p",
        "no:cacheprovider",
        "--durations=15",
    ]
    done = subprocess.run(
        command, cwd=generated, env=os.environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-20000:]
    assert re.search(r"\d+ passed", done.stdout)
