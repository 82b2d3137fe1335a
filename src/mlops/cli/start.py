"""`mlops start`: a release of this code with this data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from mlops import places, release
from mlops.cli import console
from mlops.cli.show import show
from mlops.errors import InputError


def release_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what is released; `start` and `local run` share them."""
    for option in (
        click.option(
            "--set",
            "settings",
            metavar="NAME=VALUE",
            multiple=True,
            help="A hyperparameter for this release only; repeat it for more.",
        ),
        click.option("--tune/--no-tune", help="Search for hyperparameters first, by configuration/tuning.json."),
        click.option(
            "--data",
            "source",
            metavar="PATH",
            help="A prepared data set, or raw data.  [default: the last one prepared, else the sample]",
        ),
    ):
        command = option(command)
    return command


@click.command()
@release_options
@click.option("--hyperparameters", "json_settings", metavar="JSON", default="", help="Like --set, all at once.")
@click.option(
    "--data-version",
    metavar="VERSION",
    help="An uploaded data set, by its S3 object version, or `latest`: nothing is uploaded then. "
    "While there is none, `latest` is the sample.",
)
@click.option("--reason", default="", help="The reason, which the approval, mails and the report show.")
@click.option(
    "--supersede",
    is_flag=True,
    help="Follow a running execution of the same request, if one exists; stop older ones without approval.",
)
@click.option(
    "--execution-to",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Add the line execution=ID to this file, such as $GITHUB_OUTPUT.",
)
@click.option("--watch/--no-watch", "watched", help="Stay and show how it goes.")
def start(
    source: str | None,
    tune: bool,
    settings: tuple[str, ...],
    json_settings: str,
    data_version: str | None,
    reason: str,
    supersede: bool,
    execution_to: Path | None,
    watched: bool,
) -> None:
    """Start a release of this code and data.

    Uploads both, where they have changed, and starts an execution of the pipeline with them.
    """
    if source and data_version:
        raise InputError("Data is given twice: --data and --data-version. Give it once.")
    progress = release.StartProgress()
    with _explained_interrupt(progress):
        repository = release.find()
        if execution_to:
            _add(execution_to, "")
        execution = show(
            release.start(
                repository,
                source,
                data_version=data_version,
                tune=tune,
                hyperparameters=release.hyperparameters(repository, settings, tune=tune, json_settings=json_settings),
                reason=reason,
                supersede=supersede,
                progress=progress,
            )
        )
        if execution_to:
            _add(execution_to, f"execution={execution}\n")
        if watched:
            show(release.watch(repository, execution))
        else:
            console.write(f"Watch it with: mlops watch {execution}")


@contextmanager
def _explained_interrupt(progress: release.StartProgress) -> Iterator[None]:
    """On Ctrl-C, print whether an execution has started and the commands that apply to it, and exit."""
    try:
        yield
    except KeyboardInterrupt:
        console.write()
        for line in _state(progress):
            console.write(line)
        raise click.exceptions.Exit(1) from None


def _state(progress: release.StartProgress) -> Iterator[str]:
    if progress.execution_id:
        yield f"The execution {progress.execution_id} has started and continues."
        yield f"Follow it with: mlops watch {progress.execution_id}"
        yield f"Stop it with:   mlops stop {progress.execution_id}"
    elif progress.is_called:
        yield "It is unknown whether an execution has started: the call was interrupted. See: mlops status"
    else:
        yield "No execution was started."
        if progress.uploads_data:
            yield (
                "Data may have been uploaded. They start a retraining only where `retraining` in "
                "configuration/monitoring.yml allows it."
            )


def _add(place: Path, text: str) -> None:
    with places.writing(place, places.FILE), place.open("a", encoding="utf-8") as file:
        file.write(text)
