"""`mlops start`: a release of this code with this data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops.errors import InputError

if TYPE_CHECKING:
    from mlops.cli.project import Repository


def release_options(command):
    """The options that say what is released; `start` and `local run` share them."""
    for option in (
        click.option(
            "--set",
            "settings",
            metavar="NAME=VALUE",
            multiple=True,
            help="A hyperparameter for this release only; repeat it for more.",
        ),
        click.option(
            "--tune/--no-tune", help="Search for hyperparameters first, as configuration/tuning.json says."
        ),
        click.option(
            "--data",
            "source",
            metavar="PATH",
            help="A prepared data set, or raw trips.  [default: the last one prepared, else the sample]",
        ),
    ):
        command = option(command)
    return command


@click.command()
@release_options
@click.option("--watch/--no-watch", "watched", help="Stay and show how it goes.")
def start(source: str | None, tune: bool, settings: tuple[str, ...], watched: bool) -> None:
    """Start a release of this code and data.

    Uploads both, where they have changed, and starts an execution of the pipeline with them.
    """
    from mlops.cli import console, project
    from mlops.cli.data import dataset_for
    from mlops.cli.watch import leaving_it_running, watch_execution

    repository = project.find()
    overrides = hyperparameters(repository, settings, tune=tune)
    repository.check()
    dataset = dataset_for(repository, source)
    execution = start_execution(repository, dataset, tune=tune, overrides=overrides)
    if watched:
        with leaving_it_running(execution):
            watch_execution(repository, execution)
    else:
        console.say(f"Watch it with: mlops watch {execution}")


def start_execution(repository: Repository, dataset, *, tune: bool, overrides: dict[str, str]) -> str:
    """Upload code and data, where they changed, and start. Returns the execution's id."""
    import json

    from mlops.aws import objects, pipeline, source
    from mlops.cli import console

    session, names, bucket = repository.session, repository.names, repository.bucket
    commit = source.commit_id(repository.root)
    with console.working("Uploading code and data"):
        versions = {
            "Code": objects.upload_source(session, bucket, repository.root),
            "Data": objects.upload_data(session, bucket, dataset),
        }
    execution = pipeline.start(
        session,
        names.pipeline,
        variables={
            "CommitId": commit,
            "Tune": "true" if tune else "false",
            "HyperParameters": json.dumps(overrides, sort_keys=True),
        },
        object_versions=versions,
    )
    console.say(f"Execution {execution} of the pipeline {names.pipeline} has started.")
    console.say(f"  commit {commit}, data version {versions['Data']}")
    return execution


def hyperparameters(repository: Repository, settings: tuple[str, ...], *, tune: bool) -> dict[str, str]:
    """What `--set` gave, by name.

    InputError for one that isn't NAME=VALUE, comes twice, or isn't for this release to set.
    """
    from mlops.configuration import overrides

    found: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not (name and equals and value):
            raise InputError(f"--set {setting}: allowed is NAME=VALUE, such as --set max_depth=6")
        if name in found:
            raise InputError(f"--set {name} is given twice: {found[name]} and {value}. Give it once.")
        found[name] = value
    return overrides.check(repository.configuration, found, tune=tune)
