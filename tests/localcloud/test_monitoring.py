"""Monitoring of production: captured records, the job, its metrics, the cursor, and failures."""

import re
from pathlib import Path

import pytest
from harness import Cloud
from monitored_production import Monitored
from ringing import active
from waiting import until

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def project(cloud: Cloud, role_arn: str, tmp_path_factory: pytest.TempPathFactory) -> Monitored:
    """A project with a release in production."""
    made = Monitored(cloud, role_arn, tmp_path_factory.mktemp("monitored"))
    made.release()
    return made


def until_monitored(project: Monitored) -> dict:
    """The output of the first run that finds the captured records: a run leaves the last two seconds to the next."""
    return until(lambda: (output := project.monitor())["Jobs"] and output)


def test_each_record_is_monitored_once(project: Monitored) -> None:
    before = project.metric("Records")
    project.capture("one", "two", name="10-00-000.jsonl")
    [first] = until_monitored(project)["Jobs"]
    assert project.get(f"monitoring/runs/{first}/records.json") == ["one", "two"]
    assert project.metric("Records") == before + 2
    assert project.metric("Drift", Feature="distance") == 0
    # This object's key sorts before those already monitored, as that of an object which an endpoint delivers late.
    project.capture("late", name="09-00-000.jsonl")
    [second] = until_monitored(project)["Jobs"]
    assert project.get(f"monitoring/runs/{second}/records.json") == ["late"]
    assert project.monitor() == {"Jobs": [], "Reason": "Nothing was captured."}
    assert project.metric("Records") == before + 3


def test_metrics_have_drift_by_feature(project: Monitored) -> None:
    project.capture("fine", name="12-00-000.jsonl")
    until_monitored(project)
    # The feature is "größe": a dimension's value has "_" for each character that is not printable ASCII.
    assert project.metric("Drift", Feature="gr__e") > 0
    assert project.metric("Drift", Feature="empty") == 0


def test_a_run_that_compares_no_row_leaves_the_drift_alarm_as_it_is(cloud: Cloud, project: Monitored) -> None:
    alarm = f"{project.project}-monitoring-drift"
    project.capture("drifted", name="12-30-000.jsonl")
    until_monitored(project)
    until(lambda: active(cloud, [alarm]) == {alarm})
    violations = samples(cloud, project)
    project.capture("synthetic", name="12-40-000.jsonl")
    until_monitored(project)
    assert samples(cloud, project) == violations


def samples(cloud: Cloud, project: Monitored) -> float:
    """How many values the metric of the drift alarm has got."""
    return cloud.metric(f"mlops/{project.project}", "Violations", {}, "SampleCount")


def test_the_job_is_isolated_tagged_with_the_lineage_and_gets_the_start_of_its_time(
    cloud: Cloud, project: Monitored
) -> None:
    project.capture("fine", name="13-00-000.jsonl")
    [job] = until_monitored(project)["Jobs"]
    described = cloud.client("sagemaker").describe_processing_job(ProcessingJobName=job)
    assert described["NetworkConfig"]["EnableNetworkIsolation"] is True
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", described["Environment"]["MONITORING_FROM"])
    tags = cloud.client("sagemaker").list_tags(ResourceArn=described["ProcessingJobArn"])["Tags"]
    lineage = {"project": project.project, "commit": "1a2b3c4d", "data-version": "v1"}
    assert lineage.items() <= {tag["Key"]: tag["Value"] for tag in tags}.items()


def test_more_objects_than_a_page_lists_are_monitored_by_one_job_of_a_run(project: Monitored) -> None:
    records = [f"record-{number}" for number in range(230)]
    for number, record in enumerate(records):
        project.capture(record, name=f"20-00-{number:03}.jsonl")
    seen: list[str] = []
    while len(seen) < len(records):
        [job] = until_monitored(project)["Jobs"]
        seen += project.get(f"monitoring/runs/{job}/records.json")
    assert seen == records


def test_a_job_that_fails_loses_no_record_and_rings_an_alarm(cloud: Cloud, project: Monitored) -> None:
    name = "30-00-000.jsonl"
    project.capture("broken", name=name)
    failed = until(lambda: (run := project.run("monitoring"))["status"] == "FAILED" and run)
    assert "AlgorithmError" in failed["cause"]
    alarm = f"{project.project}-monitoring-failure"
    until(lambda: active(cloud, [alarm]) == {alarm})
    assert project.run("monitoring")["status"] == "FAILED", "the records are tried again"
    project.capture("repaired", name=name)
    [job] = until_monitored(project)["Jobs"]
    assert project.get(f"monitoring/runs/{job}/records.json") == ["repaired"]


def test_nothing_in_production_is_no_failure(cloud: Cloud, role_arn: str, tmp_path: Path) -> None:
    empty = Monitored(cloud, role_arn, tmp_path)
    assert empty.monitor() == {"Jobs": [], "Reason": "Nothing is in production."}


def test_more_objects_than_a_manifest_takes_are_monitored_by_several_jobs(project: Monitored) -> None:
    records = [f"record-{number}" for number in range(1300)]
    until(lambda: not project.monitor()["Jobs"])
    for number, record in enumerate(records):
        project.capture(record, name=f"{number // 1000:02}-00-{number % 1000:03}.jsonl")
    cursor = f"monitoring/cursors/{project.endpoint}.json"
    jobs: list[str] = []
    while not jobs or project.get(cursor)["Job"]:
        jobs += project.monitor()["Jobs"]
    seen = [record for job in jobs for record in project.get(f"monitoring/runs/{job}/records.json")]
    assert sorted(seen) == sorted(records)
    assert len(jobs) > 1
