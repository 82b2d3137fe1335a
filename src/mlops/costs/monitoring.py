"""What monitoring costs a day, and what batches cost, as in infra/monitoring.asl.json and `mlops batch`."""

from __future__ import annotations

from collections.abc import Sequence

from mlops.configuration import Configuration
from mlops.contract import Feature, Target, problem_type
from mlops.costs.charges import DAYS_A_MONTH, Batch, Charge, Monitoring, Till, times
from mlops.costs.durations import History
from mlops.costs.schedule import runs_of_rule
from mlops.metrics import METRICS

# Each run publishes these of its records; runs that find captured requests also those of the comparison, and runs with
# ground truth those of the quality.
RECORD_METRICS = ("Records", "Unreadable", "Foreign", "Late")
COMPARISON_METRICS = ("Violations",)
QUALITY_METRICS = ("QualityViolations", "QualityRows", "Unlabelled")
SYNTHETIC_METRICS = ("SyntheticSuccess", "SyntheticLatency")
MOST_MINUTES = 60

Features = tuple[Target, Sequence[Feature]]


def runs_a_day(configuration: Configuration) -> float:
    return runs_of_rule(configuration.monitoring.schedule) / DAYS_A_MONTH


def judgements_a_day(configuration: Configuration) -> float:
    """Runs with ground truth."""
    quality = configuration.monitoring.quality
    return min(runs_a_day(configuration), 86_400 / quality.pause) if quality else 0.0


def standing(configuration: Configuration, till: Till) -> list[Charge]:
    """The metrics that runs publish also without requests, and those of the synthetic check."""
    charges = [_metrics_charge("metrics of monitoring", len(RECORD_METRICS), runs_a_day(configuration), till)]
    if configuration.monitoring.synthetic_check and configuration.production.clients_call == "api":
        runs = 86_400 / configuration.monitoring.synthetic_seconds
        charges.append(_metrics_charge("synthetic check", len(SYNTHETIC_METRICS), runs, till))
    return charges


def _metrics_charge(name: str, count: int, runs: float, till: Till) -> Charge:
    monthly = till.price("cloudwatch", "metric")
    what = f"{count}" if monthly is None else f"{count} × {monthly:.2f} a month"
    return Charge(name, what, _a_day(monthly, count, runs))


def with_requests(configuration: Configuration, features: Features | None, past: History, till: Till) -> Monitoring:
    """What a day costs in addition when each run finds captured requests, and ground truth when it is read.

    `features` is None where they are unknown.
    """
    type_, compared = configuration.monitoring.instance_type, runs_a_day(configuration)
    judged = judgements_a_day(configuration)
    jobs = compared + judged
    hourly, minutes = till.price("processing", type_), past.monitoring()
    counts = None if features is None else (_of_comparison(*features), _of_quality(features[0]) if judged else 0)
    monthly = till.price("cloudwatch", "metric")
    return Monitoring(
        what=f"{round(jobs, 2):g} × {type_}",
        runs=jobs,
        minutes=minutes,
        most_minutes=MOST_MINUTES,
        usd=None if minutes is None else times(hourly, jobs * minutes / 60),
        most_usd=times(hourly, jobs * MOST_MINUTES / 60),
        metrics=None if counts is None else sum(counts),
        metrics_usd=None if counts is None else _a_day(monthly, counts[0], compared, counts[1], judged),
    )


def batch(configuration: Configuration, till: Till) -> Batch:
    """What an hour of a batch costs: of its transform job, then of the comparison with the baseline."""
    instances, comparison = configuration.production.batch, configuration.evaluation.instance_type
    return Batch(
        what=f"{instances.InstanceCount} × {instances.InstanceType}",
        usd_an_hour=times(till.price("transform", instances.InstanceType), instances.InstanceCount),
        comparison=f"1 × {comparison}",
        comparison_usd_an_hour=till.price("processing", comparison),
    )


def _of_comparison(target: Target, features: Sequence[Feature]) -> int:
    """The metrics with a distance for each compared column."""
    return len(COMPARISON_METRICS) + sum(column.compared for column in (target, *features))


def _of_quality(target: Target) -> int:
    return len(QUALITY_METRICS) + len(METRICS[problem_type(target)])


def _a_day(monthly: float | None, count: int, runs: float, others: int = 0, other_runs: float = 0) -> float | None:
    """CloudWatch charges a metric by the hours in which it gets values."""
    hours = count * min(1.0, runs / 24) + others * min(1.0, other_runs / 24)
    return times(monthly, hours / DAYS_A_MONTH)
