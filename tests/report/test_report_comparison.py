"""A release compared with main, as a pull request shows it."""

import copy
import re
from typing import Any

import pytest
from test_report_page import page

from mlops.contract import ProblemType
from mlops.errors import InputError
from mlops.metrics import GROUPS, METRICS
from mlops.report import as_html, as_markdown, comparison, metrics
from mlops.report.collect import Document

DOCUMENTS = [
    ("released", ProblemType.REGRESSION),
    ("binary", ProblemType.BINARY_CLASSIFICATION),
    ("three", ProblemType.MULTICLASS_CLASSIFICATION),
]


def with_main(document: Document, factor: float) -> Document:
    """The document with a baseline whose metrics, latency and throughput are larger by `factor`."""
    main = copy.deepcopy(document)
    for entry in metrics.group(main["evaluation"]).values():
        if "value" in entry:
            entry["value"] *= factor
    load = main["qa"]["load"]
    load["throughput"] *= factor
    load["latency_ms"] = {name: factor * value for name, value in load["latency_ms"].items()}
    return {**document, "baseline": main}


def words(document: Document) -> dict[str, str]:
    return {row.name: row.word for row in comparison.compare(document)}


@pytest.mark.parametrize(("document", "problem"), DOCUMENTS, indirect=["document"])
def test_every_metric_is_better_or_worse_by_its_own_direction(document: Document, problem: ProblemType) -> None:
    compared = words(with_main(document, 2.0))
    shown = [row.name for row in metrics.rows(document)]
    assert set(shown) <= set(METRICS[problem])
    assert len(shown) >= 3
    for name in shown:
        assert compared[name] == ("better" if METRICS[problem][name].goal == "Minimize" else "worse")
    compared = words(with_main(document, 0.5))
    for name in shown:
        assert compared[name] == ("worse" if METRICS[problem][name].goal == "Minimize" else "better")


@pytest.mark.parametrize(("document", "problem"), DOCUMENTS, indirect=["document"])
def test_a_release_like_main_is_unchanged(document: Document, problem: ProblemType) -> None:
    assert set(words(with_main(document, 1.0)).values()) == {"unchanged"}


def test_small_changes_of_latency_and_throughput_are_noise(released: Document) -> None:
    compared = words(with_main(released, 1.05))
    assert compared["latency p95"] == compared["throughput"] == "unchanged"
    assert compared["rmse"] == "better"
    compared = words(with_main(released, 1.5))
    assert (compared["latency p95"], compared["throughput"]) == ("better", "worse")


def test_metrics_have_columns_for_production_and_for_main(binary: Document) -> None:
    document = with_main(binary, 1.25)
    assert "Main Change Bound" in page(document).text
    main = metrics.group(document["baseline"]["evaluation"])["auc"]["value"]
    assert re.search(rf"\| auc \|.*\| {main:.3f} \| −20.0 % \| at least 0.85", as_markdown.render(document))
    assert "Main" not in page(binary).text


def test_metrics_of_another_problem_are_not_compared(binary: Document, released: Document) -> None:
    rows = {row.name: row for row in comparison.compare({**binary, "baseline": released})}
    assert rows["accuracy"].other is None
    assert rows["latency p95"].other is not None


def test_a_main_without_an_evaluation_has_no_metrics(binary: Document) -> None:
    document = with_main(binary, 1.0)
    document["baseline"]["evaluation"] = None
    assert {row.main for row in metrics.rows(document)} == {None}
    assert as_html.render(document)


@pytest.mark.parametrize(
    "broken",
    [
        {"evaluation": "good"},
        {"evaluation": {"problem_type": "Clustering"}},
        {"evaluation": {"problem_type": "BinaryClassification", GROUPS[ProblemType.BINARY_CLASSIFICATION]: 3}},
        {"qa": {"load": 3}},
    ],
)
def test_a_baseline_that_is_no_report_is_refused(binary: Document, broken: dict[str, Any]) -> None:
    for render in (as_html.render, as_markdown.render):
        with pytest.raises(InputError, match=r"--baseline is not a report\.json of `mlops report`"):
            render({**binary, "baseline": broken})
