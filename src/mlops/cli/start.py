"""`mlops start`: a release of this code with this data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlops.aws.pipeline import ReleaseRequest
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
        click.option("--tune/--no-tune", help="Search for hyperparameters first, as configuration/tuning.json says."),
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
    help="A data set that lies in the bucket, by its S3 object version, or `latest`: nothing is uploaded then. "
    "While there is none, `latest` is the sample.",
)
@click.option("--reason", default="", help="Why. It stands in the approval, in mails and in the report.")
@click.option(
    "--supersede",
    is_flag=True,
    help="Follow the execution that already releases the same; stop older ones that nobody has approved.",
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
    from mlops.aws import pipeline
    from mlops.cli import console, project
    from mlops.cli.watch import leaving_it_running, watch_execution

    if source and data_version:
        raise InputError("Data is given twice: --data and --data-version. Give it once.")
    repository = project.find()
    overrides = hyperparameters(repository, settings, tune=tune, json_settings=json_settings)
    repository.check()
    _require_deployed_entrance(repository)
    _require_possible(repository)
    wanted = prepare(repository, source, tune=tune, overrides=overrides, data_version=data_version, reason=reason)
    execution = pipeline.supersede(repository.session, wanted, console.say) if supersede else None
    if execution is None:
        execution = begin(repository, wanted)
    else:
        console.say(f"Execution {execution} already releases this commit with this data.")
    if execution_to:
        with execution_to.open("a", encoding="utf-8") as file:
            file.write(f"execution={execution}\n")
    if watched:
        with leaving_it_running(execution):
            watch_execution(repository, execution)
    else:
        console.say(f"Watch it with: mlops watch {execution}")


def _require_deployed_entrance(repository: Repository) -> None:
    """InputError when production.yml says that clients call something else than what the stacks are deployed for."""
    from mlops.aws import stacks

    deployed = stacks.parameters(repository.session, repository.names.stack("endpoints")).get("ClientsCall")
    wanted = repository.configuration.production.clients_call
    if deployed not in (None, wanted):
        raise InputError(
            f"configuration/production.yml says clients_call: {wanted}, the stacks are deployed for {deployed}. "
            "Run: mlops deploy"
        )


def _require_possible(repository: Repository) -> None:
    """InputError when production cannot be brought to what production.yml says: better now than hours later."""
    from mlops.aws import releases
    from mlops.rendering import transition

    releases.require_repeatable(repository.session, repository.names)
    deployed = releases.deployed(repository.session, repository.names)
    if found := transition.problems(deployed, transition.wanted(repository.configuration)):
        raise InputError("\n".join(["configuration/production.yml can't be released:", *found]))


def start_execution(repository: Repository, dataset: Path, *, tune: bool, overrides: dict[str, str]) -> str:
    """Upload code and data, where they changed, and start. Returns the execution's id."""
    return begin(repository, prepare(repository, str(dataset), tune=tune, overrides=overrides))


def prepare(
    repository: Repository,
    data: str | None,
    *,
    tune: bool,
    overrides: dict[str, str],
    data_version: str | None = None,
    reason: str = "",
) -> ReleaseRequest:
    """Upload code and data, where they changed; what is to be released then."""
    import json

    from mlops.aws import new_key, objects, requested_by, source
    from mlops.aws.pipeline import ReleaseRequest
    from mlops.cli import console

    session, bucket = repository.session, repository.bucket
    commit = source.commit_id(repository.root)
    version = objects.data_version(session, bucket, data_version) if data_version else None
    dataset = None if version else _dataset(repository, data)
    with console.working("Uploading code" if version else "Uploading code and data") as show:

        def upload(archive: Callable[[], str]) -> str:
            return new_key.call(session, repository.names.stack("storage"), archive, on_wait=show)

        versions = {
            "Code": upload(lambda: objects.upload_source(session, bucket, repository.root)),
            "Data": version or upload(lambda: objects.upload_data(session, bucket, dataset)),
        }
    variables = {
        "CommitId": commit,
        "Tune": "true" if tune else "false",
        "HyperParameters": json.dumps(overrides, sort_keys=True),
    }
    return ReleaseRequest(repository.names.pipeline, variables, versions, requested_by.of_this_call(reason))


def begin(repository: Repository, wanted: ReleaseRequest) -> str:
    """Start the execution and say so. Returns its id."""
    from mlops.aws import pipeline
    from mlops.cli import console

    execution = pipeline.start(repository.session, wanted)
    console.say(f"Execution {execution} of the pipeline {wanted.pipeline} has started.")
    console.say(f"  commit {wanted.variables['CommitId']}, data version {wanted.object_versions['Data']}")
    return execution


def hyperparameters(
    repository: Repository, settings: tuple[str, ...], *, tune: bool, json_settings: str = ""
) -> dict[str, str]:
    """What `--set` and `--hyperparameters` gave, by name.

    InputError for one that isn't NAME=VALUE, comes twice, or isn't for this release to set.
    """
    from mlops.configuration import overrides

    found = overrides.parse(repository.configuration, json_settings, tune=tune) if json_settings else {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not (name and equals and value):
            raise InputError(f"--set {setting}: allowed is NAME=VALUE, such as --set max_depth=6")
        if name in found:
            raise InputError(f"--set {name} is given twice: {found[name]} and {value}. Give it once.")
        found[name] = value
    return overrides.check(repository.configuration, found, tune=tune)


def _dataset(repository: Repository, data: str | None) -> Path:
    from mlops.cli.data import dataset_for

    return dataset_for(repository, data)
