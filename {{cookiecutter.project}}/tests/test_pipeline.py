"""The whole pipeline, in a local cloud: the sample is trained on, evaluated, tested under load, approved and released."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
# Shorter than the load test of configuration/qa.yml, which this test does not change.
LOAD_SECONDS = 5


def test_a_release_of_this_repository_reaches_production(tmp_path: Path) -> None:
    left_out = shutil.ignore_patterns(".git", ".mlops", ".venv", "__pycache__", ".pytest_cache", ".ruff_cache")
    repository = shutil.copytree(REPOSITORY, tmp_path / REPOSITORY.name, ignore=left_out)
    load = repository / "configuration" / "qa.yml"
    load.write_text(re.sub(r"(?m)^duration_seconds:.*$", f"duration_seconds: {LOAD_SECONDS}", load.read_text()))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "mlops", "local", "run", "--approve"],
        cwd=repository,
        env=inherited,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    assert "The release has succeeded" in done.stdout and "Production answers" in done.stdout
