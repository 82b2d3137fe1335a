"""`mlops deploy`: the stacks of the pipeline."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli import console
from mlops.cli.show import show


@click.command()
def deploy() -> None:
    """Create or update the pipeline.

    Its stacks are defined by infra/ and configuration/.
    """
    show(release.deploy(release.find()))
    console.write("Release with: mlops start")
