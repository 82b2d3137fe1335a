"""Checks of an endpoint's responses: to golden rows, to bad rows, and in both formats."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlops.qa.client import CSV, JSON, Client
from mlops.qa.golden import TOLERANCE, BadRequest, Golden
from mlops.qa.predictions import Prediction, deviation, shown
from mlops.qa.result import Check
from mlops.qa.testset import TestSet


def golden_rows(client: Client, golden: Golden) -> Check:
    """The endpoint's predictions of golden rows are equal to those of the released model in this process."""
    predicted = client.predict_csv(golden.rows)
    return _same("golden rows", "the released model in this process", golden.rows, predicted, golden.predictions)


def formats_agree(client: Client, rows: TestSet) -> Check:
    """The same rows as CSV and as JSON get the same predictions."""
    as_csv, as_json = client.predict_csv(rows.rows), client.predict_json(rows.values())
    return _same("CSV and JSON agree", "CSV", rows.rows, as_json, as_csv)


def bad_rows(client: Client, rows: TestSet) -> list[Check]:
    """The endpoint refuses bad requests, each with its status."""
    return [_refusal(client, request) for request in bad_requests(rows)]


def bad_requests(rows: TestSet) -> list[BadRequest]:
    """Requests with good rows of the test set, each with one fault."""
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
    response = client.send(request.body.encode(), request.content_type, request.content_type)
    passed = response.status == request.status
    message = f"{request.fault} was answered with {response.status}, must be {request.status}"
    if not passed and response.body.strip():
        message += f": {response.body[:200].strip()}"
    return Check(f"refuses {request.fault}", passed, response.status, request.status, "HTTP status", message)


def _same(
    name: str, reference: str, rows: Sequence[str], predicted: Sequence[Prediction], expected: Sequence[Prediction]
) -> Check:
    deviations = [deviation(prediction, right) for prediction, right in zip(predicted, expected, strict=True)]
    worst = max(range(len(deviations)), key=deviations.__getitem__)
    value = deviations[worst]
    unit = "probability" if isinstance(expected[worst], dict) else "relative deviation"
    passed = value <= TOLERANCE
    if passed:
        message = f"{len(rows)} rows differ from {reference} by at most {value:.1g} ({unit}), allowed is {TOLERANCE:g}"
    else:
        count = sum(each > TOLERANCE for each in deviations)
        difference = f"the endpoint returned {shown(predicted[worst])}, not {shown(expected[worst])}"
        message = (
            f"{count} of {len(rows)} rows differ from {reference} by more than {TOLERANCE:g} ({unit}); "
            f"row {rows[worst]!r}: {difference}"
        )
    return Check(name, passed, value if math.isfinite(value) else None, TOLERANCE, unit, message)
