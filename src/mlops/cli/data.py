"""`mlops data`: the data set of the next release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops.cli.group import Group
from mlops.errors import InputError, printable

if TYPE_CHECKING:
    from mlops.cli.project import Repository


_MOST_CHARACTERS = 1000


@click.group(cls=Group, commands={"prepare": "mlops.cli.data:prepare"})
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
    from mlops.cli import project

    repository = project.find()
    prepare_dataset(repository, source, output or repository.dataset)


def prepare_dataset(repository: Repository, source: str | None, output: Path) -> Path:
    """Prepare `output` from the source and say what came of it."""
    from mlops import team
    from mlops.cli import console, project
    from mlops.contract import DataError

    prepare_sets = team.prepare()
    try:
        with console.working(f"Preparing data from {source or 'the sample'}") as show:
            dataset = prepare_sets(source, output, on_progress=show)
    except DataError as error:
        # A file that is no table is quoted as it is.
        message = printable(str(error))
        raise InputError(message if len(message) <= _MOST_CHARACTERS else f"{message[:_MOST_CHARACTERS]}…") from error
    if dataset["synthetic"]:
        console.say("  These data are synthetic: good to see the pipeline work, not to judge a model.")
    console.say(f"  rows: {_counts(dataset['rows'])}")
    console.say(f"  dropped: {_counts(dataset['dropped']) or 'none'}")
    console.say(f"  in {project.shown(output)}")
    return output


def dataset_for(repository: Repository, source: str | None) -> Path:
    """The prepared folder that `--data` means: itself, or made from raw data; without it the last one."""
    folder = repository.dataset if source is None else Path(source)
    if (folder / "dataset.json").is_file():
        return folder
    return prepare_dataset(repository, source, repository.dataset)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())
