"""`mlops batch`: predictions for a data set, by a transform job."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli.show import show
from mlops.errors import InputError


@click.command()
@click.argument("tables", metavar="INPUT OUTPUT", nargs=-1, required=True)
@click.option("--job", metavar="NAME", help="Finish a job that was started before: mlops batch --job NAME OUTPUT")
@click.option("--instance-type", help="Type of the instances.  [default: batch in configuration/production.yml]")
@click.option("--instance-count", type=click.IntRange(1, 100), help="Number of the instances.  [default: the same]")
def batch(tables: tuple[str, ...], job: str | None, instance_type: str | None, instance_count: int | None) -> None:
    """Score a data set with the model in production.

    INPUT is CSV: a header with the model's features among its columns, or rows of the features alone. OUTPUT gets the
    same rows, each with its prediction. Both are files, or objects in S3 such as s3://bucket/rows.csv.

    A transform job does the work, on instances that exist as long as the job. Ctrl-C ends this command and leaves the
    job running.
    """
    repository = release.find()
    expected = ("OUTPUT",) if job else ("INPUT", "OUTPUT")
    if len(tables) != len(expected):
        raise InputError(f"Found {len(tables)} arguments, allowed are {len(expected)}: {' '.join(expected)}")
    *source, target = tables
    try:
        if job:
            show(release.finish_batch(repository, job, target))
        else:
            show(
                release.batch(repository, source[0], target, instance_type=instance_type, instance_count=instance_count)
            )
    except KeyboardInterrupt:
        raise click.exceptions.Exit(1) from None
