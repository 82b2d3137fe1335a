"""`mlops --help` starts fast: it imports no command's module."""

import subprocess
import sys

import click
import pytest
from baking import REPOSITORY

from mlops.cli import main
from mlops.cli.data import data
from mlops.cli.local import local

_HEAVY = ("boto3", "botocore", "rich", "yaml", "pydantic", "psutil", "pandas", "numpy", "xgboost")


def test_list_of_commands_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mlops", "--help"],
        cwd=REPOSITORY,
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
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    commands = done.stdout.split("Commands:\n")[1].splitlines()
    assert len(commands) == len(main.table)
    assert not [line for line in commands if line.endswith("...")]


@pytest.mark.parametrize("group", [main, data, local], ids=lambda group: group.name)
def test_list_of_commands_has_the_first_sentence_of_each_command(group: click.Group):
    context = click.Context(group)
    listed = {name: text for name, (_, text) in group.table.items()}
    described = {name: group.get_command(context, name).get_short_help_str(limit=200) for name in listed}
    assert listed == described
