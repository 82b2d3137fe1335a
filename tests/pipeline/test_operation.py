"""The life of a model in production: three releases, drift, and a retraining that ends it (`make demo-operate`).

The local cloud shortens time by its one setting: the hour of monitoring's schedule is a minute.
"""

import json
from collections.abc import Iterator
from subprocess import CompletedProcess

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from data import synthetic
from pipelines import deployed
from pyarrow import csv
from timeline import Records, written
from waiting import until
from workshop import Workshop

pytestmark = pytest.mark.acceptance

ROWS_OF_A_REQUEST = 800
PATIENCE = 900.0


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A pipeline without a release. Its data set is the sample."""

    def no_bound_on_speed(workshop: Workshop) -> None:
        workshop.edit("configuration/production.yml", lambda data: data["alarms"].update(latency_milliseconds=60_000))

    with deployed(tmp_path_factory.mktemp("operated"), no_bound_on_speed) as workshop:
        yield workshop


def test_drift_of_productions_requests_ends_with_a_retraining_on_newer_data(operated: Workshop) -> None:
    records = Records(operated)
    try:
        releases_and_usual_requests(operated, records)
        drift(operated, records)
        retraining(operated, records)
    finally:
        moments = written(records.timeline())
        file = operated.path / ".mlops" / "timeline.txt"
        file.write_text(moments, encoding="utf-8")
        show(f"{file}:\n\n{moments}")


def releases_and_usual_requests(operated: Workshop, records: Records) -> None:
    """Two releases, and requests like their data: monitoring finds nothing."""
    show("Two releases")
    release(operated, "num_round=60", "the first model")
    release(operated, "num_round=150", "more rounds are better")
    assert version_in_production(operated) == 2
    show("Requests like the data of the releases, until monitoring has compared them")
    send_until_compared(operated, records)
    show("A run of monitoring by hand")
    by_hand, sent = monitor_by_hand(operated)
    assert by_hand.returncode == 0, by_hand
    assert "ok: the requests are like the baseline" in by_hand.stdout
    # What is left, so that the next run is of other requests alone.
    until(
        lambda: operated.succeed("monitor", "run") and compared(operated, records, len(rows(operated)) + sent), PATIENCE
    )


def drift(operated: Workshop, records: Records) -> None:
    """Requests for trips of another part of the city: the alarm is raised, and no retraining without newer data."""
    show("Requests for trips outside Manhattan, until the drift alarm")
    file = operated.path / "outer.csv"
    csv.write_csv(trips_outside_manhattan(), file)
    operated.succeed("data", "prepare", file.name)
    send(operated, rows(operated))
    until(lambda: records.alarm() == "ALARM", PATIENCE)
    found = [run for run in records.runs() if run.metrics["violations"]]
    assert {"pickup_area", "dropoff_area"} <= {name for run in found for name in run.metrics["drifted"]}
    show("A run of monitoring by hand, and its report")
    by_hand, _ = monitor_by_hand(operated)
    assert by_hand.returncode == 1, by_hand
    assert "The requests differ from the baseline in" in by_hand.stdout
    opened = operated.succeed("monitor", "open", "--no-browser").stdout
    page = operated.path / opened.rpartition("Report: ")[2].strip()
    assert "pickup_area" in page.read_text(encoding="utf-8")
    until(lambda: any("those that production was trained with" in each for each in records.refusals()), PATIENCE)
    assert len(records.executions()) == 2


def retraining(operated: Workshop, records: Records) -> None:
    """Newer data start a retraining while the alarm is raised; its release ends the drift."""
    show("Data with such trips, which start a retraining; it is approved")
    operated.succeed("data", "upload")
    until(lambda: len(records.executions()) == 3, PATIENCE)
    third = until(lambda: (last := records.executions()[-1])["variables"].get("Trigger") and last)
    assert third["variables"]["Trigger"] == "drift"
    approve(operated, third["pipelineExecutionId"], "trained with trips of all parts")
    assert version_in_production(operated) == 3
    show("The same requests, until the alarm is over")
    send_until_compared(operated, records)
    assert len(records.executions()) == 3, "one drift starts one retraining"


def release(workshop: Workshop, setting: str, comment: str) -> None:
    """Release the code and data of the workshop with a hyperparameter."""
    workshop.succeed("start", "--set", setting)
    approve(workshop, Records(workshop).executions()[-1]["pipelineExecutionId"], comment)


def approve(workshop: Workshop, execution: str, comment: str) -> None:
    """Approve an execution when it waits for that, and follow it to its end."""
    workshop.succeed("watch", execution, "--until-approval", timeout=PATIENCE)
    workshop.succeed("approve", execution, "--comment", comment)
    workshop.succeed("watch", execution, timeout=PATIENCE)


def version_in_production(workshop: Workshop) -> int:
    [entry, *_] = json.loads(workshop.succeed("history", "--json").stdout)["entries"]
    assert entry["version"]["state"] == "in production"
    return entry["version"]["version"]


def rows(workshop: Workshop) -> list[str]:
    """Features of the test set that was prepared last, as lines of CSV."""
    file = workshop.path / ".mlops" / "dataset" / "test" / "test.csv"
    return [line.partition(",")[2] for line in file.read_text().splitlines()[1:]]


def send(workshop: Workshop, lines: list[str]) -> None:
    """Send the rows to the API. Each request has enough of them to show a drift by itself."""
    for start in range(0, len(lines), ROWS_OF_A_REQUEST):
        response = workshop.predict("\n".join(lines[start : start + ROWS_OF_A_REQUEST]))
        assert response.status == 200, response


def send_until_compared(workshop: Workshop, records: Records) -> None:
    """Send the rows of the test set, until monitoring has compared them and its alarm is over."""
    lines = rows(workshop)
    send(workshop, lines)
    until(lambda: compared(workshop, records, len(lines)), PATIENCE)
    until(lambda: records.alarm() == "OK", PATIENCE)


def monitor_by_hand(workshop: Workshop) -> tuple[CompletedProcess[str], int]:
    """The first run by hand that finds requests, and how many rows were sent.

    A run of the schedule may find them before it, so more are sent until one by hand does.
    """
    lines, sent = rows(workshop), 0

    def judged() -> CompletedProcess[str] | None:
        nonlocal sent
        send(workshop, lines)
        sent += len(lines)
        done = workshop.mlops("monitor", "run", timeout=PATIENCE)
        assert done.returncode in (0, 1) and "failed" not in done.stderr, done
        return done if "Report: " in done.stdout else None

    return until(judged, PATIENCE), sent


def compared(workshop: Workshop, records: Records, count: int) -> bool:
    """Whether monitoring has compared so many rows of the endpoint in production, and found nothing."""
    endpoint = workshop.endpoint("production")
    runs = [run for run in records.runs() if run.endpoint == endpoint]
    # Runs of fewer rows have compared golden rows only, with which each release is checked.
    found = {run.job: run.metrics["drifted"] for run in runs if run.metrics["rows"] >= ROWS_OF_A_REQUEST}
    assert not any(found.values()), found
    return sum(run.metrics["rows"] for run in runs) >= count


def trips_outside_manhattan() -> pa.Table:
    """Synthetic trips of which Manhattan's are a tenth of the usual ones."""
    trips = synthetic.trips(60_000, seed=7)
    in_manhattan = pc.equal(trips["pickup_borough"], "Manhattan").fill_null(False)
    kept = pa.array(number % 10 == 0 for number in range(trips.num_rows))
    return trips.filter(pc.or_(pc.invert(in_manhattan), kept))


def show(words: str) -> None:
    """Print the next step, for `make demo-operate`."""
    print(words, flush=True)
