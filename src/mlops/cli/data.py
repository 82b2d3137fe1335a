"""`mlops data`: the data set of the next release."""

from __future__ import annotations

from pathlib import Path

import click

from mlops import release
from mlops.cli.group import Group
from mlops.cli.show import show

_COMMANDS = {"prepare": ("mlops.cli.data:prepare", "Make training, validation, test and baseline sets.")}


@click.group(cls=Group, commands=_COMMANDS)
def data() -> None:
    """The data set that the model is trained and tested on."""


@click.command()
@click.argument("source", required=False)
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="[default: .mlops/dataset]")
def prepare(source: str | None, output: Path | None) -> None:
    """Make training, validation, test and baseline sets.

    SOURCE is what `prepare` in data/ takes, such as a file or a folder. Without it the sample is used, which ships
    with this repository.
    """
    show(release.prepare_data(release.find(), source, output))
