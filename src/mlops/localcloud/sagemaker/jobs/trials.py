"""The training jobs of a tuning job: their hyperparameters and objectives, the best one, early stopping."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops.localcloud.sagemaker.jobs.job import COMPLETED, FAILED, STOPPED
from mlops.localcloud.sagemaker.jobs.training_job import TrainingJob

# A median of fewer ended training jobs means little. AWS does not document its own minimum.
_JOBS_BEFORE_EARLY_STOPPING = 3


@dataclass
class Trial:
    """One training job: the hyperparameters it tries, and the objective that it has shown after each epoch."""

    job: TrainingJob
    ticket: Any
    values: dict[str, str]
    objectives: list[float] = field(default_factory=list)
    averages: list[float] = field(default_factory=list)

    def observe(self, objective: float) -> None:
        """Take the objective of one more epoch."""
        self.objectives.append(objective)
        before = self.averages[-1] if self.averages else 0.0
        self.averages.append(before + (objective - before) / len(self.objectives))

    @property
    def ended(self) -> bool:
        return self.job.ended.is_set()

    @property
    def objective(self) -> float | None:
        """The last value of an ended job; None while it runs, when it failed, and when it never showed one."""
        usable = self.ended and self.job.status != FAILED and self.objectives
        return self.objectives[-1] if usable else None

    @property
    def objective_status(self) -> str:
        if not self.ended:
            return "Pending"
        return "Failed" if self.objective is None else "Succeeded"

    def summary(self, tuning_job: str, objective: dict[str, str]) -> dict:
        """The trial as HyperParameterTrainingJobSummary."""
        described = self.job.describe()
        members = (
            "TrainingJobName",
            "TrainingJobArn",
            "CreationTime",
            "TrainingStartTime",
            "TrainingEndTime",
            "TrainingJobStatus",
            "FailureReason",
        )
        shown = {name: described[name] for name in members if name in described}
        shown |= {
            "TuningJobName": tuning_job,
            "TunedHyperParameters": self.values,
            "ObjectiveStatus": self.objective_status,
        }
        if self.objective is not None:
            shown["FinalHyperParameterTuningJobObjectiveMetric"] = {
                "Type": objective["Type"],
                "MetricName": objective["MetricName"],
                "Value": self.objective,
            }
        return shown


def best(trials: Sequence[Trial], minimize: bool) -> Trial | None:
    """The trial with the best objective, the earliest of equals."""
    finished = [(trial.objective, trial) for trial in trials if trial.objective is not None]
    choose = min if minimize else max
    return choose(finished, key=lambda each: each[0], default=(0, None))[1]


def is_hopeless(trial: Trial, others: Sequence[Trial], minimize: bool) -> bool:
    """AWS's rule for TrainingJobEarlyStoppingType Auto.

    The objective after this epoch is worse than a median, to which each ended training job contributes the running
    average of its objective up to the same epoch.
    https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html
    """
    epoch = len(trial.objectives)
    averages = [
        other.averages[min(epoch, len(other.averages)) - 1] for other in others if other.ended and other.averages
    ]
    if len(averages) < _JOBS_BEFORE_EARLY_STOPPING:
        return False
    median = statistics.median(averages)
    return trial.objectives[-1] > median if minimize else trial.objectives[-1] < median


def status_counters(trials: Sequence[Trial]) -> dict[str, int]:
    """TrainingJobStatusCounters."""
    names = {COMPLETED: "Completed", FAILED: "NonRetryableError", STOPPED: "Stopped"}
    counted = [names.get(trial.job.status, "InProgress") for trial in trials]
    members = ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
    return {name: counted.count(name) for name in members}


def objective_counters(trials: Sequence[Trial]) -> dict[str, int]:
    """ObjectiveStatusCounters."""
    counted = [trial.objective_status for trial in trials]
    return {name: counted.count(name) for name in ("Succeeded", "Pending", "Failed")}
