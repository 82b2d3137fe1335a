"""The comparison with the baseline: each kind of violation, drift, and samples that are too small for either."""

from __future__ import annotations

import json
from pathlib import Path

import monitored
import numpy as np
import pytest
from monitored import SOLD, Job, record, records, rows

from mlops import distances
from mlops.container.kinds import Number
from mlops.container.sketch import Sketch
from mlops.errors import InputError


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(tmp_path, monkeypatch)


def test_rows_like_the_baseline_violate_nothing(job: Job) -> None:
    metrics = job.run(records(rows(2000)))
    assert (metrics["violations"], metrics["drifted"]) == (0, [])
    assert set(metrics["drift"]) == {"price", "size", "rooms", "color"}
    assert max(metrics["drift"].values()) < 0.1
    assert "No drift" in job.page


def test_numbers_that_moved_have_drifted(job: Job) -> None:
    metrics = job.run(records(rows(500, larger=5.0), [row[0] for row in rows(500)]))
    assert metrics["drifted"] == ["size"]
    # Of two normal distributions, half a deviation apart.
    assert metrics["drift"]["size"] == pytest.approx(0.197, abs=0.05)
    assert list(job.violations()) == [("size", "baseline_drift_check")]


def test_categories_with_other_shares_have_drifted(job: Job) -> None:
    metrics = job.run(records(rows(500, colors="green red")))
    assert metrics["drifted"] == ["color"]
    assert metrics["drift"]["color"] == pytest.approx(2 / 3 - 1 / 2, abs=0.05)


def test_predicted_numbers_are_compared_with_the_target(job: Job) -> None:
    cells = rows(500)
    metrics = job.run(records(cells, [str(float(row[0]) + 10) for row in cells]))
    assert metrics["drifted"] == ["price"]


def test_predicted_labels_are_compared_with_the_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(tmp_path, monkeypatch, SOLD)
    cells = rows(500)
    even = job.run(records(cells, ["yes,0.8" if number % 2 else "no,0.7" for number in range(500)]))
    assert even["drifted"] == []
    assert job.run(records(cells, ["yes,0.8"] * 500))["drifted"] == ["sold"]


@pytest.mark.parametrize("count", [1, 5])
def test_a_few_rows_are_no_drift_however_far_they_are(job: Job, count: int) -> None:
    metrics = job.run(records([["900", "5", "red"]] * count))
    assert metrics["drift"]["size"] == pytest.approx(1.0)
    assert metrics["drifted"] == [] and metrics["violations"] == 0
    assert "too few rows" in job.page


def test_the_simple_method_asks_for_no_significance(job: Job) -> None:
    job.change("", "Simple", "distribution_constraints", "comparison_method")
    assert "size" in job.run(records([["900", "5", "red"]]))["drifted"]


def test_the_thresholds_are_those_of_the_constraints(job: Job) -> None:
    job.change("", 0.3, "distribution_constraints", "comparison_threshold")
    assert job.run(records(rows(500, larger=5.0)))["drifted"] == []
    job.change("", 0.05, "distribution_constraints", "categorical_comparison_threshold")
    assert job.run(records(rows(5000, colors="green green green red red")))["drifted"] == ["color"]


def test_a_feature_may_override_the_thresholds(job: Job) -> None:
    override = {"distribution_constraints": {"comparison_threshold": 0.9}}
    job.change("size", override, "monitoringConfigOverrides")
    assert job.run(records(rows(500, larger=5.0)))["drifted"] == ["price"]
    job.change("size", {"distribution_constraints": {"perform_comparison": "Disabled"}}, "monitoringConfigOverrides")
    assert "size" not in job.run()["drift"]


def test_a_feature_that_is_not_compared_has_no_distance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features = (Number("size", compared=False), *monitored.FEATURES[1:])
    monkeypatch.setattr(monitored, "FEATURES", features)
    job = Job(tmp_path, monkeypatch)
    metrics = job.run(records([["many", "3", "green"], *rows(500, larger=50.0)], ["100"] * 501))
    assert set(metrics["drift"]) == {"price", "rooms", "color"}
    # Its values are still checked.
    assert ("size", "data_type_check") in job.violations()


def test_constraints_that_are_not_evaluated_are_not_violated(job: Job) -> None:
    job.change("", "Disabled", "evaluate_constraints")
    metrics = job.run(records(rows(500, larger=50.0)))
    assert (metrics["violations"], metrics["drifted"]) == (0, [])
    assert metrics["drift"]["size"] > 0.9


@pytest.mark.parametrize(
    ("cells", "feature"),
    [
        (["many", "3", "green"], "size"),
        (["inf", "3", "green"], "size"),
        (["1e300", "3", "green"], "size"),
        (["100", "2.5", "green"], "rooms"),
    ],
)
def test_a_value_of_another_type_is_a_violation(job: Job, cells: list[str], feature: str) -> None:
    metrics = job.run(records([*rows(99), cells], ["100"] * 100))
    assert metrics["rows"] == 100
    words = job.violations()[(feature, "data_type_check")]
    assert words.startswith("1 of 100 values are not") and "99 % are, expected are 100 %" in words


@pytest.mark.parametrize(
    ("row", "feature"),
    [(["7", 3, "green"], "size"), ([True, 3, "green"], "size"), ([10**400, 3, "green"], "size"), ([7, 3, 4], "color")],
)
def test_a_json_value_of_another_type_is_a_violation(job: Job, row: list, feature: str) -> None:
    job.run([record(json.dumps({"instances": [row]}), '{"predictions": [1]}', encoding="JSON")])
    assert list(job.violations()) == [(feature, "data_type_check")]


def test_a_share_of_other_types_may_be_allowed(job: Job) -> None:
    job.change("", 0.9, "datatype_check_threshold")
    job.run(records([*rows(99), ["many", "3", "green"]], ["100"] * 100))
    assert ("size", "data_type_check") not in job.violations()


def test_predictions_of_an_integer_need_not_be_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(tmp_path, monkeypatch, Number("floors", integer=True))
    job.run(records(rows(50), ["100.5"] * 50))
    assert ("floors", "data_type_check") not in job.violations()


def test_missing_values_of_a_complete_column_are_a_violation(job: Job) -> None:
    job.run(records([*rows(99), ["", "3", "green"]], ["100"] * 100))
    assert "1 of 100 values are missing" in job.violations()[("size", "completeness_check")]


def test_an_incomplete_column_may_miss_as_much_as_chance_allows(job: Job) -> None:
    job.change("size", 0.95, "completeness")
    cells = rows(100)
    for row in cells[:10]:
        row[0] = ""
    job.run(records(cells, ["100"] * 100))
    assert ("size", "completeness_check") not in job.violations()
    for row in cells[10:30]:
        row[0] = ""
    job.run(records(cells, ["100"] * 100))
    assert ("size", "completeness_check") in job.violations()


def test_a_value_outside_of_the_domain_is_a_violation(job: Job) -> None:
    # The feature allows yellow, the baseline has none.
    job.run(records([*rows(98), ["100", "3", "yellow"], ["100", "3", "blue"]]))
    words = job.violations()[("color", "categorical_values_check")]
    assert "2 of 100 values" in words and "yellow" in words and "blue" in words
    job.change("", 0.9, "domain_content_threshold")
    job.run()
    assert ("color", "categorical_values_check") not in job.violations()


def test_absent_and_additional_cells_of_a_row_are_violations(job: Job) -> None:
    metrics = job.run([record("100,3", "1"), record("100,3,green,7", "1"), record("100,3,green,8", "1")])
    assert metrics["foreign"] == 3
    assert job.violations() == {
        ("color", "missing_column_check"): "1 record has rows without the column.",
        ("column 4", "extra_column_check"): "2 records have rows with a column that is no feature.",
    }


def test_absent_and_additional_keys_of_a_json_row_are_violations(job: Job) -> None:
    row = {"size": 1, "rooms": 2, "colour": "green"}
    job.run([record(json.dumps({"instances": [row]}), '{"predictions": [1]}', encoding="JSON")])
    assert set(job.violations()) == {("color", "missing_column_check"), ("colour", "extra_column_check")}


def test_a_baseline_of_other_features_is_a_violation(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.change("size", "width", "name")
    job.run(records(rows(10)))
    assert set(job.violations()) == {("width", "missing_column_check"), ("size", "extra_column_check")}


def test_a_baseline_of_another_type_is_a_violation(job: Job) -> None:
    job.change("size", "String", "inferred_type")
    metrics = job.run(records(rows(10)))
    assert ("size", "data_type_check") in job.violations()
    assert metrics["rows"] == 10


def test_a_column_without_values_has_no_distance(job: Job) -> None:
    metrics = job.run([record(",3,green", "1")])
    assert "size" not in metrics["drift"]


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("statistics.json", None, r"statistics\.json: No such file or directory\. Make it anew"),
        ("constraints.json", "{", r"constraints\.json: not JSON"),
        ("constraints.json", "[]", r"constraints\.json: found list, allowed is an object"),
        ("constraints.json", "{}", r"constraints\.json: not in Model Monitor's format \(KeyError\('features'\)\)"),
        ("statistics.json", '{"features": 7}', r"statistics\.json: not in Model Monitor's format"),
    ],
)
def test_an_unusable_baseline_is_named(job: Job, file: str, content: str | None, message: str) -> None:
    path = job.inputs / "baseline" / file
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message):
        job.run([])


def test_an_unknown_method_is_named(job: Job) -> None:
    job.change("", "ChiSquared", "distribution_constraints", "categorical_drift_method")
    with pytest.raises(InputError, match=r"categorical_drift_method: found ChiSquared, allowed is LInfinity"):
        job.run([])


def test_the_distance_of_sketches_is_that_of_their_values() -> None:
    draw = np.random.default_rng(5)
    one, other = draw.normal(0, 1, 40_000).round(1), draw.normal(0.3, 1.2, 30_000).round(1)
    sketches = []
    for values in (one, other):
        sketch = Sketch()
        for part in np.array_split(values, 13):
            sketch.add(part)
        sketches.append(sketch)
    points = np.union1d(one, other)
    shares = [np.searchsorted(np.sort(values), points, "right") / len(values) for values in (one, other)]
    exact = np.abs(shares[0] - shares[1]).max()
    assert distances.kolmogorov_smirnov(*(sketch.listed() for sketch in sketches)) == pytest.approx(exact, abs=0.005)
    assert distances.kolmogorov_smirnov(sketches[0].listed(), sketches[0].listed()) == 0


def test_chance_exceeds_the_critical_distance_as_seldom_as_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "FALSE_ALARMS", 0.05)
    draw, found = np.random.default_rng(11), 0
    for _ in range(400):
        one, other = Sketch(), Sketch()
        one.add(draw.normal(size=60))
        other.add(draw.normal(size=500))
        found += distances.kolmogorov_smirnov(one.listed(), other.listed()) > distances.critical(60, 500, 1)
    assert 0 < found <= 0.05 * 400


def test_no_distance_of_five_rows_is_significant_and_more_rows_allow_less() -> None:
    assert distances.critical(5, 10**9, 2) > 1
    assert distances.critical(100, 1000, 8) > distances.critical(1000, 1000, 8) > distances.critical(10_000, 10**6, 8)
    assert distances.critical(1000, 1000, 8) < distances.critical(1000, 1000, 800)
