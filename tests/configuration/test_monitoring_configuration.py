"""Which values monitoring.yml can have."""

import pytest
from repository import Repository

from mlops.configuration import load


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path)


def test_the_shipped_monitoring_is_hourly_and_retrains_on_drift(repository):
    monitoring = load(repository.root).monitoring
    assert (monitoring.schedule, monitoring.violations) == ("rate(1 hour)", 0)
    assert (monitoring.retraining.on_drift, monitoring.retraining.on_data) == (True, False)
    assert monitoring.retraining.schedule is None
    assert monitoring.synthetic_check is None


@pytest.mark.parametrize(
    "schedule",
    ["rate(1 minute)", "rate(12 hours)", "cron(0 6 1 * ? *)", "cron(0/15 8-17 ? * MON-FRI *)", "cron(0 6 ? * 2#1 *)"],
)
def test_a_schedule_of_eventbridge_is_accepted(repository, schedule: str):
    repository.change("monitoring.yml", lambda data: data.update(schedule=schedule))
    assert load(repository.root).monitoring.schedule == schedule


@pytest.mark.parametrize(
    "schedule",
    [
        "hourly",
        "rate(1 hours)",
        "rate(2 hour)",
        "rate(0 hours)",
        "cron(0 * * * *)",
        "at(2027)",
        "",
    ],
)
@pytest.mark.parametrize("key", ["schedule", "retraining.schedule"])
def test_another_schedule_is_refused_with_the_forms_that_are_allowed(repository, key: str, schedule: str):
    def edit(data):
        section = data["retraining"] if "." in key else data
        section["schedule"] = schedule

    repository.change("monitoring.yml", edit)
    [problem] = repository.problems()
    assert (problem.file, problem.key) == ("configuration/monitoring.yml", key)
    assert "rate(1 hour)" in problem.allowed and "cron(0 6 * * ? *)" in problem.allowed


@pytest.mark.parametrize(
    ("schedule", "allowed"),
    [
        ("cron(0 6 1 * 2 *)", ["cron(0 6 1 * ? *)", "cron(0 6 ? * 2 *)"]),
        ("cron(0 6 * * * *)", ["cron(0 6 * * ? *)", "cron(0 6 ? * * *)"]),
        ("cron(0 6 ? * ? *)", ["cron(0 6 * * ? *)", "cron(0 6 ? * * *)"]),
    ],
)
def test_a_time_with_two_days_or_none_is_refused_with_the_two_that_are_possible(repository, schedule: str, allowed):
    repository.change("monitoring.yml", lambda data: data.update(schedule=schedule))
    [problem] = repository.problems()
    text = (
        f"{' or '.join(allowed)}: of the day of the month (third field) and the day of the week (fifth field), exactly"
    )
    assert problem.allowed == f"{text} one must be ?"
    for each in allowed:
        repository.change("monitoring.yml", lambda data, each=each: data.update(schedule=each))
        assert load(repository.root).monitoring.schedule == each


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200), ("rate(1 day)", 86400)],
)
def test_the_synthetic_check_has_a_rate(repository, rate: str, seconds: int):
    repository.change("monitoring.yml", lambda data: data.update(synthetic_check=rate))
    assert load(repository.root).monitoring.synthetic_seconds == seconds


@pytest.mark.parametrize("rate", ["cron(0 * * * ? *)", "rate(2 days)", "rate(1441 minutes)", "PT5M", "5 minutes", ""])
def test_a_synthetic_check_without_an_interval_up_to_a_day_is_refused(repository, rate: str):
    repository.change("monitoring.yml", lambda data: data.update(synthetic_check=rate))
    [problem] = repository.problems()
    assert (problem.file, problem.key) == ("configuration/monitoring.yml", "synthetic_check")
    assert "rate(5 minutes)" in problem.allowed


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("PT24H", 86_400), ("P7D", 604_800), ("P1DT90M", 91_800), ("PT1S", 1), ("P80D", 6_912_000)],
)
def test_predictions_are_judged_at_an_age(repository, duration: str, seconds: int):
    repository.change("monitoring.yml", lambda data: data.update(quality={"labels_arrive_within": duration}))
    quality = load(repository.root).monitoring.quality
    assert (quality.age, quality.pause) == (seconds, 86_400)


@pytest.mark.parametrize("duration", ["", "P", "PT", "P1DT", "24h", "PT0S", "P81D", "P1M", "PT1.5H", "-PT1H"])
@pytest.mark.parametrize("key", ["labels_arrive_within", "every"])
def test_another_duration_is_refused_with_the_forms_that_are_allowed(repository, key: str, duration: str):
    repository.change("monitoring.yml", lambda data: data["quality"].update({key: duration}))
    [problem] = repository.problems()
    assert (problem.file, problem.key) == ("configuration/monitoring.yml", f"quality.{key}")
    assert "PT24H" in problem.allowed


@pytest.mark.parametrize(
    ("key", "value"),
    [("violations", -1), ("instance_type", "m5.large"), ("retrainings", {}), ("retraining", {"minimum_hours": -1})],
)
def test_another_wrong_value_is_refused_by_its_key(repository, key: str, value: object):
    repository.change("monitoring.yml", lambda data: data.update({key: value}))
    [problem] = repository.problems()
    assert problem.key.startswith(key)
