"""The report of a classifier: its numbers, its charts, labels of any number and kind."""

import re
from html import unescape

import numpy as np
import pytest
from classifiers import Evaluated
from test_report_page import page

from mlops.contract import ProblemType
from mlops.metrics import METRICS
from mlops.pages.numbers import number, percent, signed_percent
from mlops.report import as_html, as_markdown, classification, metrics, predictions
from mlops.report.classification import Classification, Table
from mlops.report.collect import Document

CLASSIFIERS = ("binary", "three", "hundred")
every_classifier = pytest.mark.parametrize(
    ("name", "document"), [(name, name) for name in CLASSIFIERS], indirect=["document"]
)


def shown(document: Document) -> Classification:
    read = classification.read(document["evaluation"])
    assert read
    return read


def table_of(document: Document) -> Table:
    table = shown(document).table
    assert table
    return table


def rows_of_table(document: Document, caption: str) -> list[list[str]]:
    """The rows of the page's table with this caption, as lists of texts."""
    table = re.search(rf"<caption>{caption}</caption>.*?</table>", as_html.render(document), re.DOTALL)
    rows = re.findall(r"<tr.*?</tr>", table[0], re.DOTALL)
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        for row in rows
    ]


@every_classifier
def test_every_metric_is_shown_with_its_deviation_and_the_value_of_production(name: str, document: Document) -> None:
    group = metrics.group(document["evaluation"])
    production = next(iter(document["evaluation"]["production"].values()))
    text = page(document).text
    for metric in metrics.rows(document):
        assert metric.value == group[metric.name]["value"]
        assert metric.production == production[metric.name]["value"]
        before = f"{number(metric.production)} ± {number(metric.production_deviation, 2)}"
        assert f"{number(metric.value)} ± {number(metric.deviation, 2)} {before}" in text
        assert f"{before} {signed_percent(metric.change)}" in text
    assert len(metrics.rows(document)) == (8 if name == "binary" else 7)


def test_metrics_of_the_gate_come_first_each_with_its_bound(binary: Document) -> None:
    first, second, third, *_ = metrics.rows(binary)
    assert [first.name, second.name] == ["auc", "log_loss"]
    assert third.bound is None
    text = page(binary).text
    assert "The gate judges auc, log_loss." in text
    assert "at least 0.85 at most 2.0 % worse than production" in text
    assert "at most 0.2 at most 5.0 % worse than production" in text
    markdown = as_markdown.render(binary)
    assert re.search(r"\| auc \| .* \| at least 0.85, at most 2.0 % worse than production \| passed \|", markdown)
    assert re.search(r"\| log_loss \| .* \| at most 0.2, at most 5.0 % worse than production \| passed \|", markdown)


def test_each_metric_of_the_gate_has_a_result_of_its_own(binary: Document) -> None:
    auc, log_loss = binary["gate"]["Metrics"]
    auc["Bound"] = 0.999
    assert [row.word for row in metrics.rows(binary)[:2]] == ["failed", "passed"]
    auc["Bound"], log_loss["AllowedRegression"] = 0.5, 0.0
    production = binary["evaluation"]["production"]["binary_classification_metrics"]["log_loss"]
    production["value"] = 0.9 * metrics.group(binary["evaluation"])["log_loss"]["value"]
    assert [row.word for row in metrics.rows(binary)[:2]] == ["passed", "failed"]
    binary["gate"]["Production"] = False
    assert [row.word for row in metrics.rows(binary)[:2]] == ["passed", "passed"]


def test_a_higher_share_and_a_lower_loss_are_better_than_production(binary: Document) -> None:
    binary["gate"] = None
    for before, words in (
        (0.5, {"accuracy": "better", "log_loss": "worse"}),
        (2, {"accuracy": "worse", "f1": "worse"}),
    ):
        for name, entry in binary["evaluation"]["production"]["binary_classification_metrics"].items():
            entry["value"] = before * metrics.group(binary["evaluation"])[name]["value"]
        shown_words = {row.name: row.word for row in metrics.rows(binary)}
        assert words.items() <= shown_words.items()


def test_a_custom_metric_has_no_direction(binary: Document) -> None:
    metrics.group(binary["evaluation"])["revenue"] = {"value": 2.0, "standard_deviation": 0.1}
    binary["evaluation"]["production"]["binary_classification_metrics"]["revenue"] = {"value": 1.0}
    metric = next(row for row in metrics.rows(binary) if row.name == "revenue")
    assert (metric.change, metric.word) == (1.0, "")


def test_a_label_named_value_is_not_a_metric(binary: Document) -> None:
    group = metrics.group(binary["evaluation"])
    binary["evaluation"]["labels"] = ["value", "tip"]
    group["confusion_matrix"] = {"value": {"value": 8, "tip": 1}, "tip": {"value": 2, "tip": 3}}
    for name in ("receiver_operating_characteristic_curves", "precision_recall_curves"):
        group[name] = {"value": group[name]["tip"]}
    assert set(metrics.values(binary["evaluation"])) == set(METRICS[ProblemType.BINARY_CLASSIFICATION])
    assert as_html.render(binary)


def test_the_reason_why_production_could_not_be_evaluated_is_shown(binary: Document) -> None:
    binary["evaluation"]["production"] = {"reason": "test.csv has no column tolls"}
    for render in (as_html.render, as_markdown.render):
        assert "could not be evaluated on this test set: test.csv has no column tolls" in render(binary)


@pytest.mark.parametrize("compared", [True, False])
def test_a_comparison_that_is_switched_off_is_shown(binary: Document, compared: bool) -> None:
    binary["gate"]["Production"] = compared
    for render in (as_html.render, as_markdown.render):
        assert ("compare_with_production is false" in render(binary)) == (not compared)


@every_classifier
def test_labels_have_the_precision_and_recall_of_the_predictions(
    name: str, document: Document, evaluated: dict[str, Evaluated]
) -> None:
    result = evaluated[name]
    for label in table_of(document).labels:
        if label.count > 1:
            continue
        position = result.labels.index(label.name)
        actual, predicted = result.actual == position, result.predicted == position
        assert label.rows == actual.sum()
        assert label.recall == pytest.approx(predicted[actual].mean())
        assert label.precision == pytest.approx(actual[predicted].mean())
        harmonic = 2 * label.precision * label.recall / (label.precision + label.recall)
        assert label.f1 == pytest.approx(harmonic)
        row = next(row for row in rows_of_table(document, "Labels") if row[0] == label.name)
        assert row[1:5] == [
            number(label.rows),
            *(number(value, 3) for value in (label.precision, label.recall, label.f1)),
        ]


def test_only_the_ten_most_frequent_of_100_labels_are_named(hundred: Document, evaluated: dict[str, Evaluated]) -> None:
    table, result = table_of(hundred), evaluated["hundred"]
    frequency = np.bincount(result.actual, minlength=100)
    named, rest = table.labels[:-1], table.labels[-1]
    assert sorted(label.rows for label in named) == sorted(frequency)[-10:]
    assert rest.title == "90 others"
    assert sum(label.rows for label in table.labels) == len(result.actual)
    assert sum(map(sum, table.cells)) == len(result.actual)
    others = ~np.isin(result.actual, [result.labels.index(label.name) for label in named])
    assert rest.rows == others.sum()
    assert table.rest_correct == (result.actual == result.predicted)[others].sum()
    assert table.cells[-1][-1] > table.rest_correct, "rows confused with each other within the rest are not correct"
    assert f"90 others predicted as one of them, {table.rest_correct:,} correctly" in page(hundred).text


def test_eleven_labels_are_all_named() -> None:
    labels = [f"label {position}" for position in range(11)]
    matrix = {label: {label: 1} for label in labels}
    evaluation = {
        "problem_type": "MulticlassClassification",
        "rows": 11,
        "labels": labels,
        "multiclass_classification_metrics": {"confusion_matrix": matrix},
    }
    assert [label.title for label in classification.read(evaluation).table.labels] == labels


def test_the_most_frequent_mistakes_are_those_of_the_predictions(
    hundred: Document, evaluated: dict[str, Evaluated]
) -> None:
    result = evaluated["hundred"]
    wrong = result.actual != result.predicted
    pairs = np.unique(np.stack([result.actual[wrong], result.predicted[wrong]]), axis=1, return_counts=True)[1]
    mistakes = shown(hundred).confusions
    assert [mistake.rows for mistake in mistakes] == sorted(pairs, reverse=True)[:8]
    first = mistakes[0]
    actual = result.actual == result.labels.index(first.actual)
    assert first.share == pytest.approx((result.predicted[actual] == result.labels.index(first.predicted)).mean())
    assert rows_of_table(hundred, "Most frequent mistakes")[1] == [
        first.actual,
        first.predicted,
        number(first.rows),
        percent(first.share),
    ]


def test_areas_of_the_curves_are_close_to_the_metrics(binary: Document) -> None:
    group, curves = metrics.group(binary["evaluation"]), shown(binary)
    assert curves.roc[0].area == pytest.approx(group["auc"]["value"], abs=0.005)
    assert curves.precision_recall[0].area == pytest.approx(group["average_precision"]["value"], abs=0.01)
    assert curves.prevalence == pytest.approx(0.25, abs=0.02)


def test_curves_of_several_labels_emphasise_the_weakest(hundred: Document) -> None:
    curves = shown(hundred)
    assert len(curves.roc) == len(curves.precision_recall) == 10
    areas = {label.name: label.roc_area for label in table_of(hundred).labels if label.count == 1}
    assert classification.weakest(curves.roc).label == min(areas, key=areas.get)
    chart = re.search(r"<svg[^>]*roc-curve-title.*?</svg>", as_html.render(hundred), re.DOTALL)[0]
    assert chart.count('<path class="line other"') == 9
    assert f">{classification.weakest(curves.roc).label}</text>" in chart


@every_classifier
def test_the_calibration_error_is_that_of_the_predictions(
    name: str, document: Document, evaluated: dict[str, Evaluated]
) -> None:
    result = evaluated[name]
    if name == "binary":
        probability, observed = result.probabilities[:, 1], result.actual == 1
    else:
        probability, observed = result.probabilities.max(axis=1), result.actual == result.predicted
    bins = np.minimum(9, (10 * probability).astype(int))
    distances = [abs(np.sum(probability[bins == each]) - np.sum(observed[bins == each])) for each in range(10)]
    error = shown(document).calibration_error
    assert error == pytest.approx(sum(distances) / len(result.actual))
    assert f"The mean distance from the dashed line is {percent(error)}." in page(document).text
    assert f"the observed share is {percent(error)} from" in as_markdown.render(document)


def test_the_digest_counts_every_row_by_probability(hundred: Document, evaluated: dict[str, Evaluated]) -> None:
    digest, result = hundred["predictions"], evaluated["hundred"]
    correct = (result.actual == result.predicted).sum()
    assert digest["correct"] == sum(digest["probabilities"]["correct"]) == correct
    assert sum(digest["probabilities"]["wrong"]) == len(result.actual) - correct
    wrong = result.actual != result.predicted
    assert digest["worst"][0]["probability"] == pytest.approx(result.probabilities.max(axis=1)[wrong].max(), abs=1e-6)


def test_predictions_that_differ_from_those_of_production_are_counted() -> None:
    table = "actual,predicted,probability,production\na,a,0.9,a\na,a,0.8,b\nb,a,0.6,b\nc,a,0.5,b\n"
    digest = predictions.digest(table, ProblemType.MULTICLASS_CLASSIFICATION)
    assert digest["production"] == {"different": 3, "only_this_correct": 1, "only_production_correct": 1}
    assert digest["worst"][0] == {"actual": "b", "predicted": "a", "probability": 0.6}


@pytest.mark.parametrize("name", ["<b>bold</b>", "a|b", "`code`", "@octocat", "*star* [x](y)"])
def test_labels_are_escaped(binary: Document, name: str) -> None:
    group = metrics.group(binary["evaluation"])
    binary["evaluation"]["labels"] = ["no tip", name]
    group["confusion_matrix"] = {"no tip": {"no tip": 8, name: 1}, name: {"no tip": 2, name: 3}}
    shown_page = page(binary)
    assert f"The positive label is {name}." in shown_page.text
    assert len([label for label in rows_of_table(binary, "Labels") if label[0] == name]) == 1
    markdown = as_markdown.render(binary)
    assert name not in markdown
    assert f"The positive label is {name}." in unescape(markdown).replace("\u200b", "")


@every_classifier
def test_every_chart_of_a_classifier_has_a_label_for_screen_readers(name: str, document: Document) -> None:
    shown_page = page(document)
    charts = [svg for svg in shown_page.all("svg") if svg.get("role") == "img"]
    ids = [attributes["id"] for _, attributes in shown_page.elements if "id" in attributes]
    assert len(charts) == 8
    assert all(label in ids for chart in charts for label in chart["aria-labelledby"].split())
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "part", ["confusion_matrix", "receiver_operating_characteristic_curves", "precision_recall_curves", "calibration"]
)
@pytest.mark.parametrize("document", ["binary", "hundred"], indirect=True)
def test_parts_that_an_evaluation_lacks_are_omitted(document: Document, part: str) -> None:
    del metrics.group(document["evaluation"])[part]
    assert page(document).text
    assert as_markdown.render(document)
    document["predictions"] = None
    assert page(document).text
    assert as_markdown.render(document)


@every_classifier
def test_tables_of_a_classifier_have_the_same_width_in_each_row(name: str, document: Document) -> None:
    document["baseline"] = {**document, "baseline": None}
    blocks = re.findall(r"(?:^\|.*\n?)+", as_markdown.render(document), flags=re.MULTILINE)
    assert len(blocks) >= 9
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


@pytest.mark.parametrize("document", ["hundred"], indirect=True)
def test_the_markdown_of_100_labels_fits_a_comment(document: Document) -> None:
    assert len(as_markdown.render(document)) < 20_000
