"""`mlops invoke`: predictions from an endpoint."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

import click

from mlops.errors import InputError

_TYPES = {"csv": "text/csv", "json": "application/json"}


@click.command()
@click.argument("rows", nargs=-1)
@click.option("--file", "file", type=click.File("rb"), help="Rows from a file; - is standard input.")
@click.option(
    "--endpoint", type=click.Choice(["test", "production"]), default="production", show_default=True
)
@click.option(
    "--format", "format_", type=click.Choice(list(_TYPES)), help="[default: by the look of the rows]"
)
@click.option(
    "--accept", type=click.Choice(list(_TYPES)), help="Format of the answer.  [default: as the rows]"
)
def invoke(
    rows: tuple[str, ...], file: IO[bytes] | None, endpoint: str, format_: str | None, accept: str | None
) -> None:
    """Ask an endpoint for predictions.

    ROWS are CSV lines of features without a header, or one JSON document. Without them, and without --file,
    standard input is read.
    """
    from mlops.aws import endpoints
    from mlops.cli import console, project

    repository = project.find()
    body = _body(rows, file)
    format_ = format_ or ("json" if body.lstrip()[:1] in {b"{", b"["} else "csv")
    answer = endpoints.invoke(
        repository.session,
        repository.names.endpoint(endpoint),
        body,
        content_type=_TYPES[format_],
        accept=_TYPES[accept or format_],
    )
    console.say(answer.body.decode("utf-8").rstrip("\n"))


def first_row(dataset: Path) -> str:
    """The features of the first row of the test set, as the endpoint takes them."""
    with (dataset / "test" / "test.csv").open(encoding="utf-8") as file:
        next(file)
        target_and_features = next(file).rstrip("\n")
    return target_and_features.partition(",")[2]


def _body(rows: tuple[str, ...], file: IO[bytes] | None) -> bytes:
    if rows and file:
        raise InputError("Rows are given twice: as arguments and with --file. Give them once.")
    if rows:
        return "\n".join(rows).encode()
    if file is None and sys.stdin.isatty():
        raise InputError("No rows. Give them as arguments, with --file, or on standard input.")
    body = (file or sys.stdin.buffer).read()
    if not body.strip():
        raise InputError("The rows are empty. Give CSV lines of features, or a JSON document.")
    return body
