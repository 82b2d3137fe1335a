"""Ground truth that arrives after its predictions: the delayed window, earlier endpoints, metrics, the alarm."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from harness import Cloud
from monitored_production import Monitored
from ringing import active
from waiting import until

pytestmark = pytest.mark.acceptance
AT_ONCE = {"labels_arrive_within": "PT1S", "every": "PT1S"}


@pytest.fixture(scope="module")
def project(cloud: Cloud, role_arn: str, tmp_path_factory: pytest.TempPathFactory) -> Monitored:
    """A project with a release in production, whose predictions are judged as soon as they can be."""
    made = Monitored(cloud, role_arn, tmp_path_factory.mktemp("labelled"), quality=AT_ONCE)
    made.release()
    return made


def label(project: Monitored, *records: str, name: str, day: str = "") -> None:
    """Upload ground truth of records, collected today or on another day."""
    folder = day or f"{datetime.now(UTC):%Y/%m/%d}"
    project.put(f"ground-truth/{folder}/22/{name}.jsonl", "".join(f"{record}\n" for record in records))


def judged(project: Monitored, *records: str) -> list[str]:
    """Run monitoring until its jobs with ground truth have read all these records; return what they read, job after job."""
    found: list[str] = []

    def judge() -> bool:
        for job in project.monitor()["Jobs"]:
            if "quality_rows" in project.get(f"monitoring/runs/{job}/metrics.json"):
                found.extend(project.get(f"monitoring/runs/{job}/records.json"))
        return set(records) <= set(found)

    until(judge)
    return found


def test_predictions_are_judged_once_by_the_ground_truth_that_has_arrived(project: Monitored) -> None:
    project.capture("one", "two", name="10-00-000.jsonl")
    until(lambda: project.monitor()["Jobs"])
    assert project.monitor()["Jobs"] == [], "without any ground truth, no job judges the predictions"
    label(project, "one", "yesterday", name="first")
    assert judged(project, "one", "two") == ["one", "two"]
    assert (project.metric("QualityRows"), project.metric("Unlabelled")) == (1, 1)
    assert project.metric("Quality", Metric="rmse") == 2.5
    # Judged records are not judged again, whatever arrives.
    label(project, "two", name="second")
    project.capture("three", name="11-00-000.jsonl")
    assert judged(project, "three") == ["three"]
    assert (project.metric("QualityRows"), project.metric("Unlabelled")) == (1, 2)


def test_the_job_gets_the_bounds_of_the_gate_and_the_folders_that_have_ground_truth(
    cloud: Cloud, project: Monitored
) -> None:
    label(project, "four", name="third")
    label(project, "four", name="long-ago", day="2020/01/01")
    project.capture("four", name="12-00-000.jsonl")
    judged(project, "four")
    cursor = project.get("monitoring/cursors/quality.json")
    assert cursor["After"] == "", "the span of time was read to its end"
    listed = cloud.client("sagemaker").list_processing_jobs(NameContains=f"{project.project}-")[
        "ProcessingJobSummaries"
    ]
    described = [
        cloud.client("sagemaker").describe_processing_job(ProcessingJobName=each["ProcessingJobName"])
        for each in listed
    ]
    described = [each for each in described if "quality" in each["AppSpecification"]["ContainerEntrypoint"]]
    newest = max(described, key=lambda each: each["CreationTime"])
    assert newest["Environment"] == {"QUALITY_BOUNDS": "rmse=6"}
    folders = [each["InputName"] for each in newest["ProcessingInputs"]]
    assert folders[0] == "capture" and "ground-truth-2020-01-01" not in folders and len(folders) == 2


def test_predictions_of_an_earlier_release_are_judged_too_but_not_those_of_the_test_endpoint(
    project: Monitored,
) -> None:
    earlier = f"{project.project}--total-amount-0000beef"
    project.capture("left", name="13-00-000.jsonl", endpoint=earlier)
    project.capture("tested", name="13-00-000.jsonl", endpoint=f"{project.project}--total-amount-test")
    project.capture("present", name="13-00-000.jsonl")
    label(project, "left", "present", "tested", name="fourth")
    assert sorted(judged(project, "left", "present")) == ["left", "present"]


def test_worse_predictions_raise_an_alarm(cloud: Cloud, project: Monitored) -> None:
    alarm = f"{project.project}-monitoring-quality"
    assert active(cloud, [alarm]) == set()
    project.capture("wrong", name="14-00-000.jsonl")
    label(project, "wrong", name="fifth")
    judged(project, "wrong")
    until(lambda: active(cloud, [alarm]) == {alarm})


def test_after_a_job_that_fails_the_same_records_are_judged_again(project: Monitored) -> None:
    label(project, "fatal", name="sixth")
    project.capture("tried", name="15-00-000.jsonl")
    failed = until(lambda: (run := project.run("monitoring"))["status"] == "FAILED" and run)
    assert "AlgorithmError" in failed["cause"]
    # This replaces the object with "fatal".
    label(project, "tried", name="sixth")
    assert judged(project, "tried") == ["tried"]


def test_no_prediction_is_judged_before_labels_arrive_within_has_passed(
    cloud: Cloud, role_arn: str, tmp_path: Path
) -> None:
    patient = Monitored(cloud, role_arn, tmp_path)
    patient.release()
    patient.capture("young")
    label(patient, "young", name="first")
    [_] = until(lambda: patient.monitor()["Jobs"])
    assert patient.metric("QualityRows") == 0
