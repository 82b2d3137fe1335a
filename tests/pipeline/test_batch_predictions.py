"""A data set of 100,000 rows, scored by `mlops batch` with the first release."""

import csv
import json
import re

import pytest
from workshop import Released, Workshop

pytestmark = pytest.mark.acceptance

ROWS = 100_000


@pytest.fixture(scope="module")
def trips(workshop: Workshop, released: Released) -> list[list[str]]:
    """Rows with an id and the features in another order than the model's, with their header."""
    with (workshop.path / ".mlops" / "dataset" / "train" / "train.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    repeated = (rows[number % len(rows)] for number in range(ROWS))
    scored = [["trip", *header[:0:-1]], *([f"t{number}", *row[:0:-1]] for number, row in enumerate(repeated))]
    with (workshop.path / "trips.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(scored)
    return scored


def test_each_of_100_000_rows_gets_the_prediction_that_clients_get(workshop: Workshop, trips: list[list[str]]) -> None:
    done = workshop.succeed("batch", "trips.csv", "scored.csv")
    assert f"{ROWS:,} rows with predictions are in scored.csv" in done.stdout
    with (workshop.path / "scored.csv").open(newline="") as file:
        scored = list(csv.reader(file))
    assert [row[:-1] for row in scored] == trips
    assert scored[0][-1] == "prediction"
    assert "The rows are like the baseline" in done.stdout
    for row in (scored[1], scored[ROWS // 2], scored[ROWS]):
        answered = json.loads(workshop.predict(",".join(row[-2:0:-1])).body)
        assert answered["predictions"] == [float(row[-1])]


def test_the_job_sees_its_own_input_and_output_only(workshop: Workshop, trips: list[list[str]]) -> None:
    sagemaker, project = workshop.client("sagemaker"), workshop.project["project"]
    job = sagemaker.list_transform_jobs(NameContains=f"{project}-")["TransformJobSummaries"][0]
    model = sagemaker.describe_transform_job(TransformJobName=job["TransformJobName"])["ModelName"]
    described = sagemaker.describe_model(ModelName=model)
    endpoint_role = workshop.parameters("production")["ExecutionRoleArn"]
    assert described["EnableNetworkIsolation"] and described["ExecutionRoleArn"] != endpoint_role
    log = workshop.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TransformJobs", logStreamNamePrefix=f"{job['TransformJobName']}/"
    )["logStreams"]
    assert len(log) == 2
    assert re.fullmatch(rf"{project}-[0-9a-f]{{8}}-batch", job["TransformJobName"])


def test_rows_that_differ_from_the_training_data_are_reported_by_their_columns(
    workshop: Workshop, trips: list[list[str]]
) -> None:
    header, *rows = trips[:2001]
    far = header.index("trip_distance")
    with (workshop.path / "far.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *([*row[:far], "60", *row[far + 1 :]] for row in rows)])
    done = workshop.succeed("batch", "far.csv", "far-scored.csv")
    [line] = [line for line in done.stdout.splitlines() if "The rows differ from the baseline" in line]
    assert "trip_distance" in line and "prediction of total_amount" in line
    report = workshop.path / re.search(r"Report: (\S+)", line)[1]
    assert "trip_distance" in report.read_text(encoding="utf-8")
