"""The drift report as a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markup import Structure
from monitored import Job, record, records, rows
from programs import start

from mlops.container.monitoring import page


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(tmp_path, monkeypatch)


def test_the_page_is_whole_and_loads_nothing(job: Job) -> None:
    job.run(records(rows(500, larger=50.0)))
    structure = Structure(job.page)
    assert structure.loads == []
    assert len(structure.ids) == len(set(structure.ids))
    style = re.search(r"<style>(.*?)</style>", job.page, re.S)[1]
    assert "url(" not in style and "@import" not in style


def test_drifted_columns_come_first(job: Job) -> None:
    job.run(records(rows(500, colors="red"), ["100"] * 500))
    figures = re.findall(r"<figcaption><b>([\w ]+)</b>.*?<span class=\"state (\w*)\">", job.page)
    assert figures == [("color", "bad"), ("prediction of price", "bad"), ("size", "good"), ("rooms", "good")]
    assert "2 columns of 4 drifted: prediction of price, color." in job.page


def test_predictions_have_a_name_that_no_feature_has(job: Job) -> None:
    job.run(records(rows(500), ["100"] * 500))
    assert "1 column of 4 drifted: prediction of price." in job.page
    assert job.page.count('<th scope="row">prediction of price</th>') == 2
    # The files have the name of the baseline's column, which the metrics of CloudWatch have too.
    words = job.violations()["price", "baseline_drift_check"]
    assert words.startswith("The distance of the predictions from the baseline's target is 0.5")
    metrics = job.output("metrics")
    assert (metrics["target"], metrics["drifted"]) == ("price", ["price"])


def test_violations_without_drift_have_a_verdict_of_their_own(job: Job) -> None:
    job.run(records([["100", "3", "yellow"], *rows(100)]))
    assert "1 violation of the constraints, no drift." in job.page
    assert '<span class="state wait">categorical values</span>' in job.page


def test_values_of_clients_are_escaped(job: Job) -> None:
    nasty = "<script>alert(1)</script>"
    body = f'{{"instances": [{{"size": 1, "rooms": 2, "color": "green", "{nasty}": 1}}]}}'
    job.run([record(body, None, encoding="JSON"), *records([["1", "2", nasty]], ["1"])])
    assert nasty not in job.page and "&lt;script&gt;" in job.page
    assert Structure(job.page).loads == []


def test_a_character_without_an_encoding_is_no_failure(job: Job) -> None:
    body = '{"instances": [[1, 2, "\\ud800"]]}'
    job.run([record(body, '{"predictions": [1]}', encoding="JSON")])
    assert ("color", "categorical_values_check") in job.violations()


def test_the_counts_of_records_are_shown(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORING_FROM", "2027-01-01T00:00:00Z")
    job.run([*records(rows(7)), "{", "{", record("1", "1"), record("1", "1", inferenceId="synthetic")])
    found = {name: value for value, name in re.findall(r'<li><b>([\d,]+)</b><span class="name">(\w+)', job.page)}
    assert found == {
        "rows": "7",
        "drifted": "0",
        "violations": "2",
        "unreadable": "2",
        "foreign": "1",
        "late": "7",
        "synthetic": "1",
    }


def test_very_many_columns_are_not_all_drawn(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_CHARTS", 2)
    job.run(records(rows(20)))
    assert job.page.count("<figure>") == 2
    assert "2 columns with smaller distances are not drawn" in job.page


def test_constant_columns_and_long_values_are_drawn(job: Job) -> None:
    job.run(records([["100", "3", f"{'long' * 50}{number}"] for number in range(300)]))
    structure = Structure(job.page)
    assert structure.loads == [] and "other" in job.page


def test_the_program_runs_as_a_job_does(job: Job) -> None:
    process = start("monitor", job.base)
    _, errors = process.communicate(timeout=60)
    # The baseline is another model's than the generated repository's, which is no fault of the program.
    assert process.returncode == 0, errors
    assert job.output("metrics")["records"] == 0
