"""`mlops local open`: the state of the local cloud in the browser."""

from __future__ import annotations

import time
import webbrowser
from functools import partial
from pathlib import Path

import click

from mlops import release
from mlops.cli import console
from mlops.errors import InputError
from mlops.localcloud import launch

_LOOK_SECONDS = 2.0


@click.command()
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--port", type=click.IntRange(1024, 65535), help="[default: a free one]")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the cloud keeps its state.  [default: .mlops/local]",
)
def open_window(no_browser: bool, port: int | None, directory: Path | None) -> None:
    """Show executions, endpoints, jobs, alarms and logs in the browser.

    The page is served on this machine's loopback address, and its address contains a secret. It changes nothing. It
    ends with Ctrl-C, or with the local cloud.
    """
    directory = directory or release.find().cloud_directory
    running = launch.find(directory)
    if running is None:
        raise InputError("The local cloud is not running. Start it with: mlops local up")
    launch.adopt(running)
    from mlops.aws.session import Session
    from mlops.window import dashboards, document
    from mlops.window.server import Document, Window

    session = Session(running.region)
    documents: dict[str, Document] = {
        "state": document.State(session).read,
        "dashboards": dashboards.Dashboards(session).read,
        "log": partial(document.log, session),
    }
    try:
        window = Window(documents, port or 0)
    except OSError as error:
        raise InputError(f"Port {port} is taken. Leave --port out, and a free one is chosen.") from error
    window.open()
    console.write(f"The local cloud is shown at {window.address}")
    console.write("It ends with Ctrl-C, or with the local cloud.")
    if not no_browser and not webbrowser.open(window.address):
        console.write("There is no browser to open here: open the address in yours.")
    try:
        while launch.health(running.port) is not None:
            time.sleep(_LOOK_SECONDS)
        console.write("The local cloud has stopped.")
    except KeyboardInterrupt:
        console.write()
    finally:
        window.close()
