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
@click.option("--no-drift", is_flag=True, help="Do not compare the rows with the release's baseline.")
def batch(
    tables: tuple[str, ...], job: str | None, instance_type: str | None, instance_count: int | None, no_drift: bool
) -> None:
    """Score a data set with the model in production.

    INPUT is CSV: a header with the model's features among its columns, or rows of the features alone. OUTPUT gets the
    same rows, each with its prediction. Both are files, or objects in S3 such as s3://bucket/rows.csv.

    A transform job does the work, on instances that exist as long as the job. Then a processing job compares the rows
    with the baseline of the release. Ctrl-C ends this command and leaves the job running.
    """
    repository = release.find()
    expected = ("OUTPUT",) if job else ("INPUT", "OUTPUT")
    if len(tables) != len(expected):
        raise InputError(f"Found {len(tables)} arguments, allowed are {len(expected)}: {' '.join(expected)}")
    *source, target = tables
    scoring = (
        release.finish_batch(repository, job, target, compares=not no_drift)
        if job
        else release.batch(
            repository,
            source[0],
            target,
            instance_type=instance_type,
            instance_count=instance_count,
            compares=not no_drift,
        )
    )
    try:
        show(scoring)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(1) from None
