"""Model quality: ground truth joined with captured predictions."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from markup import Structure
from monitored import PRICE, SOLD, STYLE, Job, record, records, rows, truth

from mlops import metrics
from mlops.container.kinds import Category, Number
from mlops.container.monitoring.payloads import Predictions
from mlops.container.monitoring.truth import GroundTruth
from mlops.contract import ProblemType
from mlops.errors import InputError

GROUND_TRUTH = "ground_truth/2026/01/01/12/a.jsonl"
ROW = "100,3,green"


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(tmp_path, monkeypatch)


def test_a_regression_has_the_metrics_of_its_predictions(job: Job) -> None:
    cells = rows(50)
    job.write([truth(f"e{number}", str(float(cells[number][0]) + number % 3)) for number in range(40)], GROUND_TRUTH)
    found = job.judge(records(cells))
    assert found["quality_rows"] == 40
    actual = np.array([float(row[0]) + number % 3 for number, row in enumerate(cells[:40])])
    predicted = np.array([float(row[0]) for row in cells[:40]])
    assert found["quality"] == pytest.approx(metrics.compute(ProblemType.REGRESSION, actual, predicted))
    statistics = job.output("statistics")
    assert statistics["dataset"] == {"item_count": 40}
    rmse = statistics["regression_metrics"]["rmse"]
    assert rmse["value"] == found["quality"]["rmse"] and rmse["standard_deviation"] > 0
    assert (found["records"], found["unlabelled"]) == (50, 10)


def test_without_ground_truth_there_is_no_quality(job: Job) -> None:
    found = job.judge(records(rows(3)))
    assert (found["quality_rows"], found["unlabelled"]) == (0, 3) and "quality" not in found
    assert not (job.base / "processing/output/monitoring/statistics.json").exists()
    assert "No metrics: no prediction has ground truth." in job.page


def test_the_inference_id_goes_before_the_event_id(job: Job) -> None:
    job.write([truth("mine", "2"), truth("event-2", "4"), truth("event-1", "99")], GROUND_TRUTH)
    found = job.judge(
        [record(ROW, "1", "event-1", inferenceId="mine"), record(ROW, "1", "event-2"), record(ROW, "1", "event-3")]
    )
    assert found["quality_rows"] == 2
    assert found["quality"]["mae"] == 2


@pytest.mark.parametrize(
    ("data", "encoding"), [("3\n5\n", "CSV"), ("3,5", "CSV"), ("[3, 5]", "JSON"), ("Myw1", "BASE64")]
)
def test_a_record_of_several_rows_has_several_values(job: Job, data: str, encoding: str) -> None:
    job.write([truth("e", data, encoding)], GROUND_TRUTH)
    found = job.judge([record(f"{ROW}\n{ROW}\n", "1\n2\n")])
    assert found["quality_rows"] == 2
    assert found["quality"]["mae"] == 2.5


def test_ground_truth_of_another_number_of_rows_is_not_joined(job: Job) -> None:
    job.write([truth("e", "3")], GROUND_TRUTH)
    assert job.judge([record(f"{ROW}\n{ROW}\n", "1\n2\n")])["quality_rows"] == 0


def test_each_record_is_joined_once_and_a_later_value_corrects_an_earlier_one(job: Job) -> None:
    job.write([truth("e", "3"), truth("e", "7")], GROUND_TRUTH)
    found = job.judge([record(ROW, "1"), record(ROW, "2")])
    assert found["quality_rows"] == 1
    assert found["quality"]["mae"] == 6


def test_unusable_ground_truth_is_counted(job: Job) -> None:
    lines = [
        truth("e", "3"),
        "{",
        "7",
        truth("e1", "much"),
        truth("e2", "nan"),
        truth("e4", "1e300"),
        truth("e3", ""),
        '{"eventMetadata": {}}',
    ]
    job.write(lines, GROUND_TRUTH)
    assert job.judge([record(ROW, "1", event) for event in ("e", "e1", "e2", "e3", "e4")])["quality_rows"] == 1
    assert tiles(job)["unusable"] == 7


def test_ground_truth_of_another_window_is_no_fault(job: Job) -> None:
    job.write([truth("e", "3"), truth("yesterday", "4")], GROUND_TRUTH)
    assert job.judge([record(ROW, "1")])["quality_rows"] == 1
    assert tiles(job)["unusable"] == 0 and "1 of predictions outside of this window" in job.page


def test_a_metric_worse_than_its_bound_is_a_violation(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUALITY_BOUNDS", "rmse=2 mae=50 r2=0.9")
    job.write([truth(f"e{number}", "110") for number in range(40)], GROUND_TRUTH)
    found = job.judge(records([["100", "3", "green"]] * 20 + [["101", "3", "green"]] * 20))
    assert found["violations"] == 2
    operators = {"rmse": "GreaterThanThreshold", "mae": "GreaterThanThreshold", "r2": "LessThanThreshold"}
    constraints = job.output("constraints")["regression_constraints"]
    assert {name: each["comparison_operator"] for name, each in constraints.items()} == operators
    violations = job.output("constraint_violations")["violations"]
    assert [(each["metric_name"], each["constraint_check_type"]) for each in violations] == [
        ("rmse", "GreaterThanThreshold"),
        ("r2", "LessThanThreshold"),
    ]
    assert "rmse with 9.51315" in violations[0]["description"]
    assert "Worse than allowed" in job.page


def test_a_metric_that_chance_makes_worse_is_no_violation(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUALITY_BOUNDS", "mae=4.9")
    job.write([truth(f"e{number}", f"{100 + number % 2 * 10}") for number in range(40)], GROUND_TRUTH)
    assert job.judge(records([["100", "3", "green"]] * 40))["violations"] == 0
    assert "by chance" in job.page


def test_few_rows_are_no_violation(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUALITY_BOUNDS", "mae=1")
    job.write([truth(f"e{number}", "200") for number in range(29)], GROUND_TRUTH)
    assert job.judge(records([["100", "3", "green"]] * 29))["violations"] == 0
    assert "Too few rows" in job.page


@pytest.mark.parametrize("bounds", ["accuracy=0.9", "rmse", "rmse=much", "rmse=nan"])
def test_another_bound_is_refused_by_its_variable(job: Job, monkeypatch: pytest.MonkeyPatch, bounds: str) -> None:
    monkeypatch.setenv("QUALITY_BOUNDS", bounds)
    with pytest.raises(InputError, match=f"QUALITY_BOUNDS: found the bound {bounds}; allowed is .*rmse, mae"):
        job.judge([])


def test_the_page_of_a_classification_has_the_confusion_and_loads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(tmp_path, monkeypatch, SOLD)
    job.write([truth(f"e{number}", SOLD.values[number % 2]) for number in range(4)], GROUND_TRUTH)
    job.judge([record(ROW, "yes,0.9", f"e{number}") for number in range(4)])
    assert "Confusion" in job.page
    assert Structure(job.page).loads == []


def tiles(job: Job) -> dict[str, int]:
    """The numbers at the head of the page."""
    found = re.findall(r'<li><b>([\d,]+)</b><span class="name">(\w+)', job.page)
    return {name: int(value.replace(",", "")) for value, name in found}


@pytest.mark.parametrize("encoding", ["CSV", "JSON"])
def test_a_binary_classification_has_its_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    job = Job(tmp_path, monkeypatch, SOLD)
    chances, actual = [0.9, 0.8, 0.3, 0.4, 0.6], [1, 1, 0, 1, 0]
    lines = []
    for number, chance in enumerate(chances):
        label, probability = ("yes", chance) if chance > 0.5 else ("no", 1 - chance)
        if encoding == "CSV":
            lines.append(record(ROW, f"{label},{probability}", f"e{number}"))
            continue
        answer = (
            f'{{"predictions": [{{"label": "{label}", "probability": {probability}, '
            f'"probabilities": {{"no": {1 - chance}, "yes": {chance}}}}}]}}'
        )
        lines.append(record('{"instances": [[100, 3, "green"]]}', answer, f"e{number}", encoding="JSON"))
    job.write([truth(f"e{number}", SOLD.values[label]) for number, label in enumerate(actual)], GROUND_TRUTH)
    found = job.judge(lines)
    matrix = np.column_stack([1 - np.array(chances), chances])
    expected = metrics.compute(ProblemType.BINARY_CLASSIFICATION, np.array(actual), matrix)
    assert found["quality"] == pytest.approx(expected)
    group = job.output("statistics")["binary_classification_metrics"]
    assert group["confusion_matrix"] == {"no": {"no": 1, "yes": 1}, "yes": {"no": 1, "yes": 2}}


@pytest.mark.parametrize(
    "probabilities",
    ['{"no": 0.1}', '{"no": "a", "yes": 1}', '{"no": 0, "yes": 0}', '{"no": NaN, "yes": 1}', "7", f"1{'0' * 400}"],
)
def test_a_prediction_without_probabilities_is_not_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, probabilities: str
) -> None:
    job = Job(tmp_path, monkeypatch, SOLD)
    job.write([truth("e", "yes")], GROUND_TRUTH)
    answer = f'{{"predictions": [{{"label": "yes", "probability": 0.9, "probabilities": {probabilities}}}]}}'
    found = job.judge([record('{"instances": [[100, 3, "green"]]}', answer, encoding="JSON")])
    assert (found["rows"], found["quality_rows"]) == (1, 0)


def test_one_label_in_the_ground_truth_leaves_the_quality_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(tmp_path, monkeypatch, SOLD)
    job.write([truth("e", "yes")], GROUND_TRUTH)
    found = job.judge([record(ROW, "yes,0.9")])
    assert found["quality_rows"] == 1 and "quality" not in found
    assert "No metrics: the test set has rows of 1 label" in job.page


def test_csv_has_too_few_probabilities_for_the_log_loss_of_three_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(tmp_path, monkeypatch, STYLE)
    labels = ["brick", "glass", "wood", "brick"]
    job.write([truth(f"e{number}", label) for number, label in enumerate(labels)], GROUND_TRUTH)
    answers = ["brick,0.5", "glass,0.4", "brick,0.9", "brick,0.34"]
    found = job.judge([record(ROW, answer, f"e{number}") for number, answer in enumerate(answers)])
    assert found["quality"]["accuracy"] == 0.75
    assert set(found["quality"]) == set(metrics.METRICS[ProblemType.MULTICLASS_CLASSIFICATION]) - {"log_loss"}


def test_json_has_the_probabilities_of_all_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(tmp_path, monkeypatch, STYLE)
    job.write([truth("e", "glass")], GROUND_TRUTH)
    answer = '{"predictions": [{"label": "wood", "probability": 0.5, "probabilities": {"brick": 0.25, "glass": 0.25, "wood": 0.5}}]}'
    found = job.judge([record('{"instances": [[100, 3, "green"]]}', answer, encoding="JSON")])
    assert found["quality"]["log_loss"] == pytest.approx(-np.log(0.25))


@pytest.mark.parametrize("target", [PRICE, SOLD])
def test_predictions_beyond_the_limit_are_counted(tmp_path: Path, target: Number | Category) -> None:
    file, value = tmp_path / "a.jsonl", "1" if target is PRICE else "yes"
    file.write_text("".join(f"{truth(f'e{number}', value)}\n" for number in range(25)))
    held = GroundTruth(target, most_rows=10)
    for number in range(25):
        held.expect(f"e{number}", Predictions(["1" if target is PRICE else "yes"], [0.9]))
    assert (held.expected, held.unlabelled, held.beyond) == (10, 10, 15)
    held.read([file])
    assert (held.records, held.rows, held.unlabelled, held.elsewhere) == (25, 10, 0, 15)
