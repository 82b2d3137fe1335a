"""`mlops invoke`: predictions from an endpoint."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from mlops.errors import InputError, PipelineError

if TYPE_CHECKING:
    from mlops.cli.project import Repository
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
@click.option("--format", "format_", type=click.Choice(list(_TYPES)), help="[default: by the look of the rows]")
@click.option("--accept", type=click.Choice(list(_TYPES)), help="Format of the answer.  [default: as the rows]")
def invoke(
    rows: tuple[str, ...], file: IO[bytes] | None, endpoint: str, format_: str | None, accept: str | None
) -> None:
    """Ask an endpoint for predictions.

    ROWS are CSV lines of features without a header, or one JSON document. Without them, and without --file,
    standard input is read.
    """
    from mlops.cli import console, project

    repository = project.find()
    body = _body(rows, file)
    format_ = format_ or ("json" if body.lstrip()[:1] in {b"{", b"["} else "csv")
    answer = ask(repository, endpoint, body, _TYPES[format_], _TYPES[accept or format_])
    console.say(answer.decode("utf-8").rstrip("\n"))


def ask(repository: Repository, stage: Stage, body: bytes, content_type: str, accept: str) -> bytes:
    """What the endpoint of a stage answers, asked as its clients ask: production through the API, if it has one.

    InputError when the rows are refused (4xx), PipelineError when they could not be answered (5xx).
    """
    from mlops.aws import api, endpoints, log_locations

    session, names = repository.session, repository.names
    entrance = api.called_by_clients(session, names) if stage == "production" else None
    if entrance is None:
        name = endpoints.name_of(session, names, stage)
        return endpoints.invoke(session, name, body, content_type=content_type, accept=accept).body
    answer = entrance.predict(body, content_type=content_type, accept=accept)
    said = answer.body.decode("utf-8", "replace").strip()
    if answer.status >= 500:
        log = log_locations.of_function(names, "api")
        raise PipelineError(
            f"{entrance.url} failed ({answer.status}): {said}\nLog: {log}\nAll of it: mlops logs function api"
        )
    if answer.status >= 400:
        raise InputError(f"{entrance.url} refused the request ({answer.status}): {said}")
    return answer.body


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
        return "\n".join(row.removeprefix(" ") for row in rows).encode()
    if file is None and sys.stdin.isatty():
        raise InputError("No rows. Give them as arguments, with --file, or on standard input.")
    body = (file or sys.stdin.buffer).read()
    if not body.strip():
        raise InputError("The rows are empty. Give CSV lines of features, or a JSON document.")
    return body
