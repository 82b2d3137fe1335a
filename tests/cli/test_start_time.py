"""The command starts fast because it imports nothing that it doesn't need yet."""

import subprocess
import sys

import pytest
from settings import GENERATED

_HEAVY = ("boto3", "botocore", "rich", "yaml", "pydantic", "psutil", "pandas", "numpy", "xgboost")


@pytest.mark.parametrize("arguments", [["--help"], ["status", "--help"], ["local", "run", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mlops", *arguments],
        cwd=GENERATED,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "click" in imported
    assert imported.isdisjoint(_HEAVY)


def test_every_command_has_help_that_fits_its_line():
    done = subprocess.run(
        [sys.executable, "-m", "mlops", "--help"],
        cwd=GENERATED,
        capture_output=True,
        text=True,
        check=True,
    )
    commands = done.stdout.split("Commands:\n")[1].splitlines()
    assert len(commands) == 15
    assert not [line for line in commands if line.endswith("...")]
