"""`mlops invoke`: predictions from an endpoint."""

from __future__ import annotations

import re
import sys
from typing import IO

import click

from mlops import release
from mlops.cli import console
from mlops.errors import InputError
from mlops.names import Stage

_NEGATIVE = re.compile(r"-\.?\d")
_TYPES = {"csv": "text/csv", "json": "application/json"}


class _RowsCommand(click.Command):
    """A command whose arguments may begin with a negative number, which click would take for an option."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(context, [f" {each}" if _NEGATIVE.match(each) else each for each in args])


@click.command(cls=_RowsCommand)
@click.argument("rows", nargs=-1)
@click.option("--file", "file", type=click.File("rb"), help="Rows from a file; - is standard input.")
@click.option("--endpoint", type=click.Choice(["test", "production"]), default="production", show_default=True)
@click.option("--format", "format_", type=click.Choice(list(_TYPES)), help="[default: detected from the rows]")
@click.option("--accept", type=click.Choice(list(_TYPES)), help="Format of the response.  [default: the rows' format]")
def invoke(
    rows: tuple[str, ...], file: IO[bytes] | None, endpoint: Stage, format_: str | None, accept: str | None
) -> None:
    """Get predictions from an endpoint.

    ROWS are CSV lines of features, with or without a header, or one JSON document. Without them, and without --file,
    standard input is read.
    """
    repository = release.find()
    body = _body(rows, file)
    format_ = format_ or ("json" if body.lstrip()[:1] in {b"{", b"["} else "csv")
    if format_ == "csv":
        place = file.name if file else "ROWS" if rows else "standard input"
        body = release.rows_of_table(repository, body, place, stage=endpoint)
    predictions = release.invoke(
        repository, body, stage=endpoint, content_type=_TYPES[format_], accept=_TYPES[accept or format_]
    )
    console.write(predictions.decode("utf-8").rstrip("\n"))


def _body(rows: tuple[str, ...], file: IO[bytes] | None) -> bytes:
    if rows and file:
        raise InputError("Rows are given twice: as arguments and with --file. Give them once.")
    if rows:
        return "\n".join(row.removeprefix(" ") for row in rows).encode()
    if file is None and console.has_input():
        raise InputError("No rows. Give them as arguments, with --file, or on standard input.")
    body = (file or sys.stdin.buffer).read()
    if not body.strip():
        raise InputError("The rows are empty. Give CSV lines of features, or a JSON document.")
    return body
