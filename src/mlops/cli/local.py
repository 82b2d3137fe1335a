"""`mlops local`: the local cloud, and the whole pipeline in it."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from mlops import release
from mlops.cli import console
from mlops.cli.group import Group
from mlops.errors import InputError
from mlops.localcloud import launch
from mlops.places import shown

_COMMANDS = {
    "up": ("mlops.cli.local:up", "Start the local cloud; it runs until `mlops local down`."),
    "down": ("mlops.cli.local:down", "Stop the local cloud and everything that runs in it."),
    "env": ("mlops.cli.local:env", "Print shell commands that make AWS clients call the local cloud."),
    "open": ("mlops.cli.open_window:open_window", "Show executions, endpoints, jobs, alarms and logs in the browser."),
    "run": (
        "mlops.cli.run:run",
        "Run the whole pipeline on this machine: from the data to a prediction of the production endpoint.",
    ),
}

_directory = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the cloud keeps its state.  [default: .mlops/local]",
)


@click.group(cls=Group, commands=_COMMANDS, synonyms={"start": "up", "stop": "down"})
def local() -> None:
    """AWS's services on this machine, without an account."""


@click.command()
@click.option("--port", type=click.IntRange(1024, 65535), help="[default: 4566, or a free one]")
@_directory
def up(port: int | None, directory: Path | None) -> None:
    """Start the local cloud; it runs until `mlops local down`."""
    repository = release.find()
    directory = directory or repository.cloud_directory
    try:
        region = repository.project.region
        handle = launch.start(repository.root, directory, port=port, region=region, detached=True)
        console.write(f"The local cloud runs on port {handle.running.port}. Its log: {shown(handle.log)}")
        console.write(_times())
    except launch.AlreadyRuns as error:
        console.write(f"The local cloud already runs on port {error.running.port}.")
    console.write('Use it in this shell:  eval "$(mlops local env)"')
    console.write("Stop it:               mlops local down")


def _times() -> str:
    """How fast the time of the cloud is that was started."""
    if scale := launch.time_scale():
        return f"LOCALCLOUD_TIME_SCALE={scale}: AWS's waits and schedules are multiplied by it."
    return (
        "AWS's minutes take a second here: a schedule of rate(1 hour) runs each minute. LOCALCLOUD_TIME_SCALE=1 in the "
        "environment keeps AWS's times."
    )


@click.command()
@_directory
@click.option("--yes", is_flag=True, help="Do not ask for confirmation while executions are on their way.")
def down(directory: Path | None, yes: bool) -> None:
    """Stop the local cloud and everything that runs in it.

    Its logs stay. Its stacks, uploaded data, models and releases are gone: the next local cloud is empty.
    """
    directory = directory or release.find().cloud_directory
    if on_their_way := release.on_their_way_locally(directory):
        console.write("These executions end with the local cloud:")
        for each in on_their_way:
            console.write(f"  {each.id} {each.phase}")
        if not yes and console.has_input() and not click.confirm("Stop the local cloud?"):
            console.write("The local cloud runs on.")
            raise click.exceptions.Exit(1)
    if launch.stop(directory):
        console.write("The local cloud has stopped. Its stacks, uploaded data, models and releases are gone.")
        console.write(f"Its logs are in {shown(directory)}")
    else:
        console.write("The local cloud is not running.")


@click.command()
@_directory
def env(directory: Path | None) -> None:
    """Print shell commands that make AWS clients call the local cloud.

    Use it as: eval "$(mlops local env)"
    """
    running = launch.find(directory or release.find().cloud_directory)
    if running is None:
        raise InputError("The local cloud is not running. Start it with: mlops local up")
    console.write(f"unset {' '.join(launch.conflicting_variables())}")
    for name, value in running.environment.items():
        console.write(f"export {name}={shlex.quote(value)}")
