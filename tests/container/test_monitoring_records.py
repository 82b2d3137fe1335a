"""Which captured records are read, and how those that cannot be are counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import monitored
import pytest
from monitored import Job, record, records

from mlops.container.kinds import Category, Number
from mlops.container.programs.monitor import MOST_BYTES, small
from mlops.errors import InputError

COUNTS = ("records", "rows", "unreadable", "foreign", "late")
ROW = "100,3,green"


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(tmp_path, monkeypatch)


def counts(metrics: dict) -> tuple[int, ...]:
    return tuple(metrics[name] for name in COUNTS)


@pytest.mark.parametrize("folder", [True, False])
def test_without_captured_records_everything_is_zero(job: Job, folder: bool) -> None:
    if folder:
        (job.inputs / "capture").mkdir()
    metrics = job.run()
    assert counts(metrics) == (0, 0, 0, 0, 0)
    assert (metrics["drift"], metrics["drifted"], metrics["violations"]) == ({}, [], 0)
    assert job.output("statistics")["dataset"] == {"item_count": 0}
    assert job.violations() == {}
    assert "Nothing to compare" in job.page


def test_an_empty_file_and_empty_lines_are_no_records(job: Job) -> None:
    job.write([], "capture/empty.jsonl")
    assert counts(job.run(["", record(ROW, "1"), "  "])) == (1, 1, 0, 0, 0)


def test_records_are_counted_by_the_hour_of_their_request(job: Job) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    moments = [hour, hour, hour - timedelta(minutes=1), hour - timedelta(days=20), hour + timedelta(hours=2)]
    foreign = record("1", "1", time=hour.isoformat())
    metrics = job.run([foreign, "not JSON", *(record(ROW, "1", time=each.isoformat()) for each in moments)])
    assert metrics["records"] == 7
    assert metrics["hours"] == {
        f"{hour - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}": 1,
        f"{hour:%Y-%m-%dT%H:%M:%SZ}": 3,
    }


def test_a_truncated_record_is_unreadable(job: Job) -> None:
    whole = record(ROW, "1")
    assert counts(job.run([whole, whole[: len(whole) // 2], "not JSON", "[" * 100_000])) == (4, 1, 3, 0, 0)


def test_bytes_that_are_no_text_are_unreadable(job: Job) -> None:
    job.write([record(ROW, "1")])
    with next(job.inputs.rglob("*.jsonl")).open("ab") as file:
        file.write(b'{"captureData": "\xff\xfe"}\n')
    assert counts(job.run()) == (2, 1, 1, 0, 0)


@pytest.mark.parametrize(
    "line",
    [
        "7",
        "null",
        "{}",
        '{"captureData": {}, "eventMetadata": {}}',
        '{"captureData": [], "eventMetadata": {}}',
        '{"captureData": {"endpointInput": {"data": 7, "encoding": "CSV"}}, "eventMetadata": {}}',
        record("", ""),
        record("100,3", "1"),
        record("100,3,green,7", "1"),
        record(f"{ROW}\n{ROW}", "1"),
        record(ROW, '{"error": "no"}', media="application/json", encoding="JSON"),
        record("<row/>", "1", media="text/xml", encoding="BASE64"),
        record('{"instances": [[1, 2]]}', '{"predictions": [1]}', encoding="JSON"),
        record('{"instances": [{"size": 1, "weight": 2}]}', '{"predictions": [1]}', encoding="JSON"),
        record('{"instances": []}', '{"predictions": []}', encoding="JSON"),
        record('{"instances": 7}', '{"predictions": []}', encoding="JSON"),
        record(ROW, "1", time="yesterday"),
        record(ROW, "1", time="0001-01-01T00:00:00+14:00"),
        record('"100,3",4,green', "1"),
    ],
)
def test_a_record_that_does_not_fit_is_foreign_and_leaves_no_trace_in_the_columns(job: Job, line: str) -> None:
    metrics = job.run([record(ROW, "1"), line])
    assert counts(metrics) == (2, 1, 0, 1, 0)
    for feature in job.output("statistics")["features"]:
        common = feature.get("numerical_statistics", feature.get("string_statistics"))["common"]
        assert common == {"num_present": 1, "num_missing": 0}


def test_a_late_record_is_counted_and_compared(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORING_FROM", "2026-01-01T10:00:00Z")
    times = ("2026-01-01T09:59:59Z", "2026-01-01T10:00:00Z", "2026-01-01T11:30:00+02:00", None)
    assert counts(job.run([record(ROW, "1", time=time) for time in times])) == (4, 4, 0, 0, 2)


def test_a_synthetic_record_is_counted_and_not_compared(job: Job) -> None:
    """Golden rows of checks, whatever their rows are; another inference id is a client's."""
    synthetic = [record(line, "1", inferenceId="synthetic") for line in (ROW, "9000,3,green", "golden")]
    metrics = job.run([record(ROW, "1", inferenceId="synthetic-1"), *synthetic])
    assert counts(metrics) == (4, 1, 0, 0, 0)
    assert metrics["synthetic"] == 3
    assert job.output("statistics")["dataset"] == {"item_count": 1}


def test_synthetic_records_cannot_hide_drift(job: Job) -> None:
    drifted = records(monitored.rows(200, larger=50))
    alike = [record(",".join(row) + "\n", "100\n", inferenceId="synthetic") for row in monitored.rows(5000)]
    assert "size" in job.run(drifted + alike)["drifted"]


def test_a_start_that_is_no_time_is_named(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORING_FROM", "last hour")
    with pytest.raises(InputError, match="MONITORING_FROM: found last hour, allowed is a time such as"):
        job.run([])


@pytest.mark.parametrize(
    ("request_body", "answer", "encoding", "media"),
    [
        ("100.5,3,green\n,,\n", "1\n2\n", "CSV", "text/csv"),
        ('"100.5","3","green"\r\n,,\r\n', "1\r\n2\r\n", "CSV", "text/csv"),
        ("100.5,3,green\n,,\n", "1\n2\n", "BASE64", "text/csv; charset=utf-8"),
        ("100.5,3,green\n,,\n", "1\n2\n", "BASE64", ""),
        ('{"instances": [[100.5, 3, "green"], [null, null, null]]}', '{"predictions": [1, 2]}', "JSON", ""),
        (
            '{"instances": [{"color": "green", "size": 100.5, "rooms": 3}, {"size": null, "rooms": null, "color": null}]}',
            '{"predictions": [1.0, 2.0]}',
            "BASE64",
            "application/json",
        ),
    ],
)
def test_rows_are_read_in_each_form_that_the_server_accepts(
    job: Job, request_body: str, answer: str, encoding: str, media: str
) -> None:
    assert counts(job.run([record(request_body, answer, encoding=encoding, media=media)])) == (1, 2, 0, 0, 0)
    price, size, rooms, color = job.output("statistics")["features"]
    assert price["numerical_statistics"]["mean"] == 1.5
    assert size["numerical_statistics"]["common"] == {"num_present": 1, "num_missing": 1}
    assert size["numerical_statistics"]["mean"] == 100.5
    assert rooms["numerical_statistics"]["mean"] == 3
    assert color["string_statistics"]["distribution"]["categorical"]["buckets"] == [{"value": "green", "count": 1}]


@pytest.mark.parametrize(
    ("answer", "encoding"),
    [
        ("yes,0.9\nno,0.6\n", "CSV"),
        ('{"predictions": [{"label": "yes", "probability": 0.9}, {"label": "no", "probability": 0.6}]}', "JSON"),
    ],
)
def test_labels_are_read_in_each_form_that_the_server_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, encoding: str
) -> None:
    job = Job(tmp_path, monkeypatch, monitored.SOLD)
    request = f"{ROW}\n{ROW}" if encoding == "CSV" else '{"instances": [[1, 2, "red"], [1, 2, "red"]]}'
    assert counts(job.run([record(request, answer, encoding=encoding)])) == (1, 2, 0, 0, 0)
    sold = job.output("statistics")["features"][0]["string_statistics"]
    assert sold["distribution"]["categorical"]["buckets"] == [
        {"value": "yes", "count": 1},
        {"value": "no", "count": 1},
    ]


def test_a_capture_of_one_side_alone_is_read(job: Job) -> None:
    metrics = job.run([record(ROW, None), record(None, "1\n2\n")])
    assert counts(metrics) == (2, 3, 0, 0, 0)


def test_records_are_found_in_folders_of_any_depth(job: Job) -> None:
    job.write([record(ROW, "1")], "capture/a.jsonl")
    job.write([record(ROW, "1")], "capture/b/c/d/e.jsonl")
    job.write(["no record"], "capture/b/manifest.json")
    assert counts(job.run()) == (2, 2, 0, 0, 0)


def test_the_metrics_of_very_many_columns_stay_small() -> None:
    drift = {f"{'feature' * 8}{number}": number / 10_000 for number in range(10_000)}
    metrics = small({"drift": drift, "drifted": list(drift)[5000:], "violations": 5000})
    assert len(json.dumps(metrics, indent=2)) <= MOST_BYTES
    assert metrics["violations"] == 5000
    largest = max(drift, key=drift.__getitem__)
    assert largest in metrics["drift"] and largest in metrics["drifted"]


def test_the_features_may_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitored, "FEATURES", (Number("size"),))
    monkeypatch.setattr(monitored, "rows", lambda count, seed: [[str(number % 10)] for number in range(count)])
    job = Job(tmp_path, monkeypatch, Category("sold", ("no", "yes")))
    assert counts(job.run([record("7\n\n8\n", "yes,0.9\nno,0.8\nno,0.7\n")])) == (1, 3, 0, 0, 0)
