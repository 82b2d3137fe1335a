"""Predictions from an endpoint."""

from __future__ import annotations

from pathlib import Path

from mlops.aws import api, endpoints, log_locations
from mlops.errors import InputError, PipelineError
from mlops.names import Stage
from mlops.release.repository import Repository


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


def first_row(dataset: Path) -> str:
    """The features of the first row of the test set, as the endpoint takes them."""
    with (dataset / "test" / "test.csv").open(encoding="utf-8") as file:
        next(file)
        target_and_features = next(file).rstrip("\n")
    return target_and_features.partition(",")[2]
