"""checkov on every template: the foundation's and those of a fresh bake. What it is told to skip has its reason there."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from baking import TEMPLATE

# `make test` makes an environment for it: its requirements do not go with those of the rest.
CHECKOV = TEMPLATE / ".checkov" / "bin" / "checkov"


@pytest.fixture(scope="module")
def checkov() -> Path:
    found = CHECKOV if CHECKOV.exists() else shutil.which("checkov")
    assert found, "checkov is not installed. Run: make .checkov/.installed"
    return Path(found)


def test_checkov_finds_nothing(checkov: Path, generated: Path, tmp_path: Path) -> None:
    for folder in (TEMPLATE / "infra", generated / "infra"):
        shutil.copytree(folder, tmp_path / "infra", dirs_exist_ok=True)
    command = [
        str(checkov),
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
