"""Predictions from an endpoint."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

from mlops.aws import api, endpoints, log_locations, stacks
from mlops.errors import InputError, MlopsError, PipelineError
from mlops.names import Stage
from mlops.release import schemas
from mlops.release.repository import Repository
from mlops.release.tables import Table


def invoke(
    repository: Repository,
    body: bytes,
    *,
    stage: Stage = "production",
    content_type: str = "text/csv",
    accept: str | None = None,
) -> bytes:
    """The response of a stage's endpoint, called as its clients call it: production through the API, if it has one.

    `accept` is the content type of the response, by default that of the body. InputError when the rows are refused (4xx),
    PipelineError when they could not be answered (5xx).
    """
    session, names, accept = repository.session, repository.names, accept or content_type
    frontend = api.called_by_clients(session, names) if stage == "production" else None
    if frontend is None:
        name = endpoints.name_of(session, names, stage)
        return endpoints.invoke(session, name, body, content_type=content_type, accept=accept).body
    response = frontend.predict(body, content_type=content_type, accept=accept)
    text = response.body.decode("utf-8", "replace").strip()
    if response.status >= 500:
        log = log_locations.of_function(names, "api")
        raise PipelineError(
            f"{frontend.url} failed ({response.status}): {text}\nLog: {log}\nWhole log: mlops logs function api"
        )
    if response.status >= 400:
        raise InputError(f"{frontend.url} refused the request ({response.status}): {text}")
    return response.body


def rows_of_table(repository: Repository, table: bytes, place: str, *, stage: Stage = "production") -> bytes:
    """CSV as the endpoint takes it: a header is left out, and its columns come in the order of the model's features.

    `place` names the table in errors. InputError where a header lacks features, and for other separators than commas.
    """
    table = table.removeprefix(codecs.BOM_UTF8)
    first = table.lstrip().partition(b"\n")[0].decode("utf-8", "replace")
    if not (_may_be_header(first) or ";" in first or "\t" in first):
        return table
    url = stacks.parameters(repository.session, repository.names.endpoint_stack(stage)).get("ModelDataUrl")
    try:
        schema = schemas.read(repository, url) if url else None
    except MlopsError:
        # Endpoints may be called without the permission to read models, whose archives may be gone too.
        schema = None
    if schema is None:
        return table
    rows = Table(io.TextIOWrapper(io.BytesIO(table), encoding="utf-8", newline=""), place, *schema)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(row[rows.layout.others :] for row in rows.rows())
    return text.getvalue().encode()


def _may_be_header(line: str) -> bool:
    """Whether no cell is a number, as in a header, and in rows of categories alone."""
    return not any(_is_number(cell) for cell in line.split(","))


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip().strip('"'))
    except ValueError:
        return False
    return True


def first_row(dataset: Path) -> str:
    """The features of the first row of the test set, as the endpoint takes them."""
    with (dataset / "test" / "test.csv").open(encoding="utf-8") as file:
        next(file)
        target_and_features = next(file).rstrip("\n")
    return target_and_features.partition(",")[2]
