"""`python -m mlops.localcloud`: serve the local cloud in this process."""

from pathlib import Path

import click

from mlops.localcloud.server import run
from mlops.localcloud.settings import DEFAULT_TIME_SCALE, TIME_SCALE, Settings


@click.command()
@click.option("--port", type=click.IntRange(1024, 65535), default=4566, show_default=True)
@click.option("--directory", type=click.Path(path_type=Path), default=Path(".mlops/local"), show_default=True)
@click.option("--region", default="us-east-1", show_default=True, envvar="AWS_REGION")
@click.option(
    "--time-scale",
    type=click.FloatRange(0, 1),
    default=DEFAULT_TIME_SCALE,
    show_default="a minute in a second",
    envvar=TIME_SCALE,
)
@click.option("--owned", is_flag=True, help="Stop when standard input closes.")
def main(port: int, directory: Path, region: str, time_scale: float, owned: bool) -> None:
    """Serve AWS's protocols on 127.0.0.1."""
    run(Settings(port, directory.resolve(), region, time_scale=time_scale), owned)


if __name__ == "__main__":
    main()
