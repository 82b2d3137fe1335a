"""One hyperparameter tuning job: it launches training jobs with the hyperparameters of its search, and reports their objectives to it."""

import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Any

from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.jobs import search, training, trials
from mlops.localcloud.sagemaker.jobs.job import COMPLETED, STOPPED, Job, JobFailed
from mlops.localcloud.sagemaker.jobs.trials import Trial

_ENDED_BEFORE_GIVING_UP = 5


class TuningJob(Job):
    """A tuning job. Its training jobs are training jobs like others, named {tuning job}-{number}-{random}."""

    kind = "HyperParameterTuningJob"
    resource = "hyper-parameter-tuning-job"
    spoken = "hyperparameter tuning job"
    event = "SageMaker HyperParameter Tuning Job State Change"

    def __init__(self, request: dict, tags: list[dict] | None, parents: "list[TuningJob]"):
        """Raises AWSError where the ranges are impossible."""
        config = request["HyperParameterTuningJobConfig"]
        self.objective = config["HyperParameterTuningJobObjective"]
        self._minimize = self.objective["Type"] == "Minimize"
        self._limits = config["ResourceLimits"]
        self._criteria = config.get("TuningJobCompletionCriteria", {})
        self._stops_early = config.get("TrainingJobEarlyStoppingType") == "Auto"
        self._definition = request["TrainingJobDefinition"]
        self._parents = parents
        self._search = search.make(
            config["Strategy"],
            config["ParameterRanges"],
            self._minimize,
            config.get("RandomSeed"),
            [result for parent in parents for result in parent.results()],
        )
        self._trials: list[Trial] = []
        self._tags = tags
        self._news: SimpleQueue[Trial | None] = SimpleQueue()
        super().__init__(request["HyperParameterTuningJobName"], request, tags)

    def results(self) -> list[tuple[dict[str, str], float]]:
        """Hyperparameters and objective of the training jobs that have one, for a warm start from this job."""
        results = [(trial.values, trial.objective) for trial in self._trials]
        return [(values, objective) for values, objective in results if objective is not None]

    def summaries(self) -> list[dict]:
        """The training jobs launched so far."""
        return [trial.summary(self.name, self.objective) for trial in list(self._trials)]

    def describe(self) -> dict:
        described = super().describe()
        launched = list(self._trials)
        described |= {
            "TrainingJobStatusCounters": trials.status_counters(launched),
            "ObjectiveStatusCounters": trials.objective_counters(launched),
            "ConsumedResources": {"RuntimeInSeconds": self._runtime(described)},
        }
        best = trials.best(launched, self._minimize)
        if best:
            described["BestTrainingJob"] = best.summary(self.name, self.objective)
        overall = self._overall_best()
        if self._parents and overall:
            described["OverallBestTrainingJob"] = overall
        return described

    def detail(self) -> dict:
        """As Job.detail; like AWS's events and Step Functions' answer, with no more of the best job than its name."""
        detail = super().detail()
        if "BestTrainingJob" in detail:
            detail["BestTrainingJob"] = {"TrainingJobName": detail["BestTrainingJob"]["TrainingJobName"]}
        return detail

    def stop(self) -> None:
        super().stop()
        self._news.put(None)

    def run(self) -> None:
        try:
            self._search_on()
        finally:
            self._stop_all()
        self._conclude()

    def _search_on(self) -> None:
        """Launch training jobs and learn from those that end, until none is left to launch and none runs."""
        deadline = time.monotonic() + self._limits.get("MaxRuntimeInSeconds", float("inf"))
        while True:
            self._launch()
            if all(trial.ended for trial in self._trials):
                return
            remaining = deadline - time.monotonic()
            try:
                ended = self._news.get(timeout=None if remaining == float("inf") else max(0, remaining))
            except Empty:
                deadline, ended = float("inf"), None
                self.stop_requested.set()
            if ended:
                self._search.tell(ended.ticket, ended.objective)
            if not ended or self._criteria_met() or self._is_fruitless():
                self._stop_all()

    def finish(self, status: str, reason: str | None = None) -> None:
        self.update(HyperParameterTuningEndTime=datetime.now(UTC))
        super().finish(status, reason)

    def _launch(self) -> None:
        """Start training jobs up to MaxParallelTrainingJobs."""
        while not self._is_done():
            running = sum(not trial.ended for trial in self._trials)
            if running >= self._limits["MaxParallelTrainingJobs"]:
                return
            suggestion = self._search.ask()
            if suggestion is None:
                return
            self._start(*suggestion)

    def _start(self, ticket: Any, values: dict[str, str]) -> None:
        name = f"{self.name}-{len(self._trials) + 1:03d}-{uuid.uuid4().hex[:8]}"
        static = self._definition.get("StaticHyperParameters", {})
        request = {
            **training_request(self._definition),
            "TrainingJobName": name,
            "HyperParameters": static | values,
        }
        if self._tags:
            request["Tags"] = self._tags

        def on_metric(metric: str, value: float) -> None:
            if metric == self.objective["MetricName"]:
                self._observe(trial, value)

        job = training.prepare(request, self.arn, on_metric)
        trial = Trial(job, ticket, values)
        self._trials.append(trial)
        job.begin(lambda: self._news.put(trial))

    def _observe(self, trial: Trial, objective: float) -> None:
        with self._lock:
            trial.observe(objective)
            hopeless = self._stops_early and trials.is_hopeless(trial, self._trials, self._minimize)
        if hopeless:
            _stop(trial)

    def _stop_all(self) -> None:
        for trial in self._trials:
            if not trial.ended:
                _stop(trial)

    def _is_done(self) -> bool:
        """Whether no more training jobs are to be launched."""
        return (
            self.stop_requested.is_set()
            or len(self._trials) >= self._limits["MaxNumberOfTrainingJobs"]
            or self._criteria_met()
            or self._is_fruitless()
        )

    def _is_fruitless(self) -> bool:
        ended = [trial for trial in self._trials if trial.ended]
        return len(ended) >= _ENDED_BEFORE_GIVING_UP and all(trial.objective is None for trial in ended)

    def _criteria_met(self) -> bool:
        best = trials.best(self._trials, self._minimize)
        if best is None:
            return False
        target = self._criteria.get("TargetObjectiveMetricValue")
        if target is not None and (best.objective <= target if self._minimize else best.objective >= target):
            return True
        patience = self._criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving")
        ended = [trial for trial in self._trials if trial.ended]
        return patience is not None and len(ended) - ended.index(best) > patience

    def _conclude(self) -> None:
        if self.status != "InProgress":
            return self.finish(STOPPED)
        if all(trial.objective is None for trial in self._trials):
            if all(trial.job.status == "Failed" for trial in self._trials):
                raise JobFailed(
                    "All training jobs failed. Please take a look at the training jobs failures to get more details."
                )
            raise JobFailed(
                f"No objective metrics found after running {len(self._trials)} training jobs. Please ensure that the "
                "custom algorithm is emitting the objective metric as defined by the regular expression provided."
            )
        self.finish(COMPLETED)

    def _overall_best(self) -> dict | None:
        jobs = [self, *self._parents]
        bests = [(trials.best(job._trials, self._minimize), job) for job in jobs]
        bests_with_objective = [
            (trial.objective, trial, job) for trial, job in bests if trial and trial.objective is not None
        ]
        if not bests_with_objective:
            return None
        choose = min if self._minimize else max
        _, trial, job = choose(bests_with_objective, key=lambda item: item[0])
        return trial.summary(job.name, job.objective)

    def _runtime(self, described: dict) -> int:
        end = described.get("HyperParameterTuningEndTime") or datetime.now(UTC)
        return round((end - described["CreationTime"]).total_seconds())


_OF_TUNING = {"StaticHyperParameters", "DefinitionName", "HyperParameterTuningResourceConfig"}


def training_request(definition: dict) -> dict:
    """What CreateTrainingJob takes of a training job definition."""
    request = {key: value for key, value in definition.items() if key not in _OF_TUNING}
    if "HyperParameterTuningResourceConfig" in definition:
        request["ResourceConfig"] = definition["HyperParameterTuningResourceConfig"]
    return request


def _stop(trial: Trial) -> None:
    # It may end by itself in this very moment.
    with suppress(AWSError):
        trial.job.stop()
