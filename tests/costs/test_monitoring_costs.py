"""A day of monitoring: jobs, metrics, and the synthetic check."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

from baking import REPOSITORY
from estimates import about, standing, with_history

from mlops import costs
from mlops.aws.jobs import Job
from mlops.costs import History, monitoring, prices
from mlops.release import Repository, costing

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


def test_a_day_of_monitoring_costs_its_jobs_and_metrics(costed) -> None:
    estimate = with_history(costed("us-east-1"), History())
    day = estimate.monitoring
    assert (day.what, day.runs) == ("25 × ml.t3.medium", about(25))  # one of them with ground truth
    assert (day.minutes, day.usd) == (None, None)
    assert day.most_usd == about(1.25)  # 25 h × 0.05
    # Violations; price, size, color; once a day QualityViolations, QualityRows, Unlabelled; mae, mse, r2, rmse
    assert day.metrics == 11
    assert day.metrics_usd == about(0.042329)  # (4 + 7 / 24) × 0.30 × 12 / 365
    assert estimate.batch.usd_an_hour == about(0.115)


def test_past_jobs_of_monitoring_replace_the_bound(costed) -> None:
    monitored = [
        Job("monitoring", str(took), "Completed", started=START, ended=START + timedelta(minutes=took))
        for took in (2, 9, 3)
    ]
    day = with_history(costed("us-east-1"), History(monitored=monitored)).monitoring
    assert (day.minutes, day.usd) == (3, about(0.0625))  # 25 × 3 / 60 × 0.05


def test_metrics_that_are_published_once_a_day_cost_an_hour_of_the_day(costed) -> None:
    repository = costed("us-east-1")
    repository.change("monitoring.yml", lambda monitoring: monitoring.update(schedule="rate(1 day)"))
    estimate = with_history(repository, History())
    assert standing(estimate)["metrics of monitoring"] == about(0.001644)  # 4 × 0.30 × 12 / 365 / 24
    assert estimate.monitoring.most_usd == about(0.1)  # one job, and one with ground truth


def test_without_ground_truth_no_job_reads_it(costed) -> None:
    repository = costed("us-east-1")
    repository.change("monitoring.yml", lambda monitoring: monitoring.pop("quality"))
    day = with_history(repository, History()).monitoring
    assert (day.runs, day.metrics) == (about(24), 4)


def test_the_synthetic_check_adds_its_metrics_and_its_alarm_where_clients_call_the_api(costed) -> None:
    repository = costed("us-east-1")
    before = standing(repository.estimate())
    repository.change("monitoring.yml", lambda data: data.update(synthetic_check="rate(5 minutes)"))
    with_check = standing(repository.estimate())
    assert with_check["synthetic check"] == about(0.019726)  # 2 × 0.30 × 12 / 365
    assert with_check["alarms"] - before["alarms"] == about(0.003288)
    repository.change("production.yml", lambda data: data.update(clients_call="endpoint"))
    assert "synthetic check" not in standing(repository.estimate())


def test_without_the_models_features_the_metrics_are_unknown_and_no_price_is_missing(costed) -> None:
    repository = Repository(costed("us-east-1").root)
    arguments = (repository.configuration, costing.stack_templates(repository), prices.load("us-east-1"), History(), 0)
    estimate = costs.estimate(*arguments)
    assert (estimate.monitoring.metrics, estimate.monitoring.metrics_usd, estimate.missing) == (None, None, [])


def test_the_state_machine_publishes_the_metrics_that_are_counted() -> None:
    machine = json.loads((REPOSITORY / "infra" / "monitoring.asl.json").read_text())["States"]
    nothing = [each["MetricName"] for each in machine["PublishNothing"]["Arguments"]["MetricData"]]
    assert tuple(nothing) == monitoring.RECORD_METRICS
    published = machine["PublishMetrics"]["Arguments"]["MetricData"]
    counts = re.findall(r"'(\w+)': \$metrics\.\w+", published)
    assert set(counts) == {*monitoring.RECORD_METRICS, *monitoring.COMPARISON_METRICS, *monitoring.QUALITY_METRICS}
    limit = machine["Monitor"]["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"]
    assert limit == 60 * monitoring.MOST_MINUTES
