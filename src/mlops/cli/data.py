"""`mlops data`: the data set of the next release."""

from __future__ import annotations

from pathlib import Path

import click

from mlops import release
from mlops.cli.group import Group
from mlops.cli.show import show

_COMMANDS = {
    "prepare": ("mlops.cli.data:prepare", "Create training, validation, test and baseline sets."),
    "upload": ("mlops.cli.data:upload", "Upload a data set, for retrainings."),
}


@click.group(cls=Group, commands=_COMMANDS)
def data() -> None:
    """The data set that the model is trained and tested on."""


@click.command()
@click.argument("source", required=False)
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="[default: .mlops/dataset]")
def prepare(source: str | None, output: Path | None) -> None:
    """Create training, validation, test and baseline sets.

    SOURCE is the argument of `prepare` in data/, such as a file or a folder. Without SOURCE: the sample of this
    repository.
    """
    show(release.prepare_data(release.find(), source, output))


@click.command()
@click.argument("source", required=False)
def upload(source: str | None) -> None:
    """Upload a data set, for retrainings.

    SOURCE is a prepared data set, or raw data; without it the last data set that was prepared, else the sample. The
    command starts no release: a retraining starts by itself where `retraining` in configuration/monitoring.yml allows it.
    """
    show(release.upload_data(release.find(), source))
