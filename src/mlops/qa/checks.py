"""Does the endpoint answer as it should: known rows, bad rows, both formats."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mlops.qa.client import CSV, JSON, Client
from mlops.qa.golden import deviation
from mlops.qa.result import Check
from mlops.qa.testset import TestSet

# Predictions are float32: both sides round to about seven digits, and text may cost another one.
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class BadRequest:
    """A request that a model must refuse, and the HTTP status for it."""

    what: str
    body: str
    content_type: str
    status: int


def known_rows(client: Client, rows: TestSet, expected: Sequence[float]) -> Check:
    """The endpoint predicts for known rows what the released model predicts in this process."""
    answered = client.predict_csv(rows.rows)
    return _same("known rows", "the released model in this process", rows, answered, expected)


def write_known_rows(file: Path, rows: TestSet, expected: Sequence[float]) -> None:
    """Write rows, the released model's predictions, and requests that must be refused, for the checks of production."""
    known = {
        "rows": rows.rows,
        "instances": rows.values(),
        "predictions": [float(value) for value in expected],
        "tolerance": _TOLERANCE,
        "refused": [asdict(request) for request in bad_requests(rows)],
    }
    file.write_text(json.dumps(known) + "\n", encoding="utf-8")


def formats_agree(client: Client, rows: TestSet) -> Check:
    """The same rows as CSV and as JSON get the same predictions."""
    as_csv, as_json = client.predict_csv(rows.rows), client.predict_json(rows.values())
    return _same("CSV and JSON agree", "CSV", rows, as_json, as_csv)


def bad_rows(client: Client, rows: TestSet) -> list[Check]:
    """Bad requests are refused, each with its status, and not answered with a prediction."""
    return [_refusal(client, request) for request in bad_requests(rows)]


def bad_requests(rows: TestSet) -> list[BadRequest]:
    """Good rows of the test set, each spoilt in one way."""
    cells = list(rows.cells[0])
    requests = [
        BadRequest("a row with a column too few", ",".join(cells[:-1]), CSV, 400),
        BadRequest("a row with a column too many", ",".join([*cells, "1"]), CSV, 400),
        BadRequest("broken JSON", '{"instances": [[', JSON, 400),
        BadRequest("a picture", ",".join(cells), "image/png", 415),
    ]
    number = rows.numeric_column()
    if number is not None:
        spoilt = ",".join([*cells[:number], "many", *cells[number + 1 :]])
        requests.insert(2, BadRequest(f"text in {rows.columns[number]}", spoilt, CSV, 400))
    return requests


def _refusal(client: Client, request: BadRequest) -> Check:
    answer = client.send(request.body.encode(), request.content_type, request.content_type)
    passed = answer.status == request.status
    told = f"{request.what} was answered with {answer.status}, must be {request.status}"
    said = f": {answer.body[:200].strip()}" if answer.body.strip() else ""
    message = told if passed else told + said
    return Check(f"refuses {request.what}", passed, answer.status, request.status, "HTTP status", message)


def _same(name: str, what: str, rows: TestSet, answered: Sequence[float], expected: Sequence[float]) -> Check:
    deviations = [deviation(one, other) for one, other in zip(answered, expected, strict=True)]
    worst = max(range(len(deviations)), key=deviations.__getitem__)
    figure = deviations[worst]
    message = (
        f"{len(deviations)} rows differ from {what} by at most {figure:.1g} of the value, allowed is {_TOLERANCE:g}"
    )
    if figure > _TOLERANCE:
        message += f"; row {rows.rows[worst]!r}: the endpoint answered {answered[worst]:g}, not {expected[worst]:g}"
    passed = figure <= _TOLERANCE
    return Check(name, passed, figure if math.isfinite(figure) else None, _TOLERANCE, "relative deviation", message)
