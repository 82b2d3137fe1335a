"""What a repository costs on AWS: standing, per release, per month of retraining, and with other settings.

Everything follows from the configuration, the templates and a price table. Not counted is what grows with use:
requests, captured and stored data, logs, data transfer, the volumes of instances, retrainings by drift and new data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops.configuration import Configuration
from mlops.costs import choices, monitoring, standing, steps
from mlops.costs.charges import Batch, Charge, Choice, Monitoring, Step, Till, elapsed, plain, total
from mlops.costs.durations import History
from mlops.costs.prices import UNITS, Figure, Key, Prices
from mlops.costs.templates import Template

__all__ = ["Batch", "Charge", "Choice", "Estimate", "History", "Monitoring", "Step", "Template", "estimate"]


@dataclass(frozen=True)
class Estimate:
    """Amounts in USD; None where a figure of `missing` is needed. `retrainings` is the number in an average month."""

    region: str
    standing: list[Charge]
    steps: list[Step]
    tuning: Step
    retrainings: float
    monitoring: Monitoring
    batch: Batch
    choices: list[Choice]
    figures: dict[Key, Figure]
    missing: list[Key]
    history: History

    @property
    def day(self) -> float | None:
        return total(charge.usd for charge in self.standing)

    @property
    def release(self) -> float | None:
        """What a release costs by the times of past ones; None without any."""
        return total(step.usd for step in self.steps)

    @property
    def release_at_most(self) -> float | None:
        return total(step.most_usd for step in self.steps)

    @property
    def minutes(self) -> float | None:
        """How long a release takes by past ones, without waiting for a person; None without any."""
        return elapsed(self.steps, lambda step: step.minutes)

    @property
    def minutes_at_most(self) -> float | None:
        return elapsed(self.steps, lambda step: step.most_minutes)

    def document(self) -> dict[str, Any]:
        """The estimate for JSON."""
        return {
            "currency": "USD",
            "region": self.region,
            "standing": {"day": self.day, "charges": plain(self.standing)},
            "release": {
                "usd": self.release,
                "usd_at_most": self.release_at_most,
                "minutes": self.minutes,
                "minutes_at_most": self.minutes_at_most,
                "past_releases": len(self.history.releases),
                "no_past_releases_because": self.history.reason,
                "steps": [step | {"name": step["name"].strip()} for step in plain(self.steps)],
                "tuning": plain([self.tuning])[0],
            },
            "retraining_month": {
                "releases": self.retrainings,
                "usd": _by(self.release, self.retrainings),
                "usd_at_most": _by(self.release_at_most, self.retrainings),
            },
            "monitoring": plain([self.monitoring])[0],
            "batch": plain([self.batch])[0],
            "choices": plain(self.choices),
            "prices": [
                {
                    "kind": key.kind,
                    "name": key.name,
                    "unit": UNITS[key.kind],
                    "usd": figure.usd,
                    "date": figure.date.isoformat(),
                    "source": figure.source,
                }
                for key, figure in self.figures.items()
            ],
            "missing": [str(key) for key in self.missing],
            "free_tier": False,
        }


def estimate(
    configuration: Configuration,
    templates: Mapping[str, Template],
    prices: Prices,
    history: History,
    retrainings: float,
    features: monitoring.Features | None = None,
) -> Estimate:
    """Estimate with `templates` by name: those of `mlops deploy`, and `production`, the endpoint's.

    `features` are the model's target and features, None where they are unknown.
    """
    till = Till(prices)
    charges = standing.charges(configuration.production, list(templates.values()), till)
    charges += monitoring.standing(configuration, till)
    release = steps.of_release(configuration, templates["pipeline"], templates["builds"], till, history)
    # Its price is that of the training job.
    tuned = steps.tuning(configuration, till)
    monitored = monitoring.with_requests(configuration, features, history, till)
    batch = monitoring.batch(configuration, till)
    return Estimate(
        region=prices.region,
        standing=charges,
        steps=release,
        tuning=tuned,
        retrainings=retrainings,
        monitoring=monitored,
        batch=batch,
        choices=choices.others(configuration, prices, release),
        figures=till.used,
        missing=sorted(till.missing, key=str),
        history=history,
    )


def _by(usd: float | None, times: float) -> float | None:
    return None if usd is None else usd * times
