"""The test set, scored by an endpoint of SageMaker's SDK."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mlops import metrics
from mlops.contract import Category, problem_type
from mlops.notebook.datasets import Dataset
from mlops.notebook.html import Shown, figures, table
from mlops.pages.numbers import number, percent
from mlops.qa import predictions
from mlops.qa.predictions import Prediction
from mlops.report.charts import regression
from mlops.report.predictions import digest

_ROWS_PER_REQUEST = 500


def score(endpoint: Any, dataset: Dataset) -> Shown:
    """Send the test set to an endpoint (sagemaker.core.resources.Endpoint); show predicted against actual values."""
    rows = dataset.test_set()
    predicted: list[Prediction] = []
    for start in range(0, len(rows.rows), _ROWS_PER_REQUEST):
        body = "".join(f"{row}\n" for row in rows.rows[start : start + _ROWS_PER_REQUEST])
        response = endpoint.invoke(body=body, content_type="text/csv", accept="text/csv")
        predicted += predictions.from_csv(response.body.read().decode())
    if isinstance(dataset.target, Category):
        return _labels([dataset.target.values[int(each)] for each in rows.targets], predicted)
    return _numbers(dataset, rows.targets, predicted)


def _numbers(dataset: Dataset, actual: Sequence[float], predicted: Sequence[Any]) -> Shown:
    import numpy as np

    measured = metrics.compute(problem_type(dataset.target), np.array(actual), np.array(predicted))
    content = io.StringIO()
    csv.writer(content).writerows([("actual", "predicted"), *zip(actual, predicted, strict=True)])
    found = digest(content.getvalue(), problem_type(dataset.target))
    assert found is not None, "parse refuses a test set without rows"
    name = dataset.target.name
    shown = ", ".join(f"{metric} {number(float(value))}" for metric, value in measured.items())
    return Shown(f'<p class="note">{len(actual):,} rows of the test set: {shown}</p>') + figures(
        [
            ("Predicted against actual", "the diagonal is perfect", regression.predicted_against_actual(found, name)),
            ("Residuals", "predicted minus actual", regression.residuals(found, name)),
        ]
    )


def _labels(actual: Sequence[str], predicted: Sequence[Any]) -> Shown:
    pairs = Counter((one, other["label"]) for one, other in zip(actual, predicted, strict=True))
    labels = sorted({label for pair in pairs for label in pair})
    rows = [(label, *(pairs[label, other] for other in labels)) for label in labels]
    correct = sum(pairs[label, label] for label in labels) / len(actual)
    note = Shown(f'<p class="note">{len(actual):,} rows of the test set, {percent(correct)} correct.</p>')
    return note + table(("actual ↓ predicted →", *labels), rows)
