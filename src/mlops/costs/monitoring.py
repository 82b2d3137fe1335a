"""What monitoring costs a day, and what batches cost, as in infra/monitoring.asl.json and `mlops batch`."""

from __future__ import annotations

from collections.abc import Sequence

from mlops.configuration import Configuration
from mlops.contract import Feature, Target, problem_type
from mlops.costs.charges import DAYS_A_MONTH, Batch, Charge, Monitoring, Till, times
from mlops.costs.durations import History
from mlops.costs.schedule import runs_of_rule
from mlops.metrics import METRICS

# Each run publishes these of its records; runs that find captured requests also those of the comparison.
RECORD_METRICS = ("Records", "Unreadable", "Foreign", "Late")
COMPARISON_METRICS = ("Violations", "QualityRows")
SYNTHETIC_METRICS = ("SyntheticSuccess", "SyntheticLatency")
MOST_MINUTES = 60

Features = tuple[Target, Sequence[Feature]]


def runs_a_day(configuration: Configuration) -> float:
    return runs_of_rule(configuration.monitoring.schedule) / DAYS_A_MONTH


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
    """What a day costs in addition when each run finds captured requests; `features` None where they are unknown."""
    type_, runs = configuration.monitoring.instance_type, runs_a_day(configuration)
    hourly, minutes = till.price("processing", type_), past.monitoring()
    count = None if features is None else _metrics(*features)
    return Monitoring(
        what=f"{round(runs, 2):g} × {type_}",
        runs=runs,
        minutes=minutes,
        most_minutes=MOST_MINUTES,
        usd=None if minutes is None else times(hourly, runs * minutes / 60),
        most_usd=times(hourly, runs * MOST_MINUTES / 60),
        metrics=count,
        metrics_usd=None if count is None else _a_day(till.price("cloudwatch", "metric"), count, runs),
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


def _metrics(target: Target, features: Sequence[Feature]) -> int:
    """A distance for each compared column, and those of the model's quality, which ground truth adds."""
    compared = sum(column.compared for column in (target, *features))
    return len(COMPARISON_METRICS) + compared + len(METRICS[problem_type(target)])


def _a_day(monthly: float | None, count: int, runs: float) -> float | None:
    """CloudWatch charges a metric by the hours in which it gets values."""
    return times(monthly, count * min(1.0, runs / 24) / DAYS_A_MONTH)
