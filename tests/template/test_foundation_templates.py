"""checkov on every template: the foundation's and those of a fresh bake. The templates give a reason for each skipped check."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from baking import TEMPLATE

# `make test` creates a separate environment for checkov, whose requirements conflict with the others.
CHECKOV = TEMPLATE / ".checkov" / "bin" / "python"


@pytest.mark.acceptance
def test_checkov_finds_nothing(generated: Path, tmp_path: Path) -> None:
    assert CHECKOV.exists(), "checkov is not installed. Run: make .checkov/.installed"
    for folder in (TEMPLATE / "infra", generated / "infra"):
        shutil.copytree(folder, tmp_path / "infra", dirs_exist_ok=True)
    command = [
        # Not the script .checkov/bin/checkov: its shebang names an interpreter whose path must not have a space.
        str(CHECKOV),
        "-m",
        "checkov.main",
        "--directory",
        "infra",
        "--framework",
        "cloudformation",
        "--skip-download",
        "--output",
        "json",
    ]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    failed = [f"{each['check_id']} {each['resource']}" for each in report["results"]["failed_checks"]]
    assert failed == []
    assert report["results"]["parsing_errors"] == []
    assert report["summary"]["passed"] > 200
    skipped = report["results"]["skipped_checks"]
    assert all(each["check_result"]["suppress_comment"] for each in skipped)
