"""What one release costs, and how long it takes: step by step, as in infra/pipeline.yml."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mlops.configuration import Configuration
from mlops.configuration.crosschecks import DEFAULT_MAX_RUNTIME_SECONDS
from mlops.costs import hosting, standing
from mlops.costs.charges import Step, Till, times, whole_minutes
from mlops.costs.durations import History
from mlops.costs.templates import Template

# CodePipeline User Guide, "Quotas": an action of another kind than those below ends after an hour.
_ACTION_MINUTES = 60
# CloudFormation's handlers of AWS::SageMaker::Endpoint and AWS::Lambda::Alias.
_STACK_MINUTES = 120
# CodePipeline builds the image on machines of its own, which CodeBuild charges; their size is not published.
_IMAGE_BUILD = "BUILD_GENERAL1_SMALL"


class _Release:
    def __init__(
        self, configuration: Configuration, pipeline: Template, builds: Template, till: Till, past: History
    ) -> None:
        self._configuration, self._till, self._past = configuration, till, past
        self._projects = {project["Name"]: project for project in builds.resources("AWS::CodeBuild::Project")}
        [found] = pipeline.resources("AWS::CodePipeline::Pipeline")
        self._actions = [(stage["Name"], action) for stage in found["Stages"] for action in stage["Actions"]]

    def steps(self) -> list[Step]:
        steps = [
            replace(step, order=f"{stage}/{action.get('RunOrder', 1)}")
            for stage, action in self._actions
            for step in self._of_action(stage, action)
        ]
        return [*steps, self._test_endpoint(steps), self._shift(), self._pipeline(steps)]

    def _of_action(self, stage: str, action: dict[str, Any]) -> list[Step]:
        path, provider = f"{stage}/{action['Name']}", action["ActionTypeId"]["Provider"]
        match provider:
            case "CodeBuild":
                project = self._projects[action["Configuration"]["ProjectName"]]
                compute, most = project["Environment"]["ComputeType"], project["TimeoutInMinutes"]
                return [self._build(path, compute, most, "TimeoutInMinutes in infra/builds.yml")]
            case "ECRBuildAndPublish":
                return [self._build(path, _IMAGE_BUILD, _ACTION_MINUTES, "CodePipeline's quota")]
            case "StepFunctions":
                jobs = self._jobs()
                training, baseline, evaluation = (job.most_minutes for job in jobs)
                most = max(training, baseline) + evaluation
                return [self._free(path, "state machine", most, "the jobs below"), *jobs]
            case "CloudFormation":
                return [self._free(path, "stack", _STACK_MINUTES, "CloudFormation's handlers")]
            case "Manual":
                most = float(action["TimeoutInMinutes"])
                return [self._free(path, "a person", most, "ApprovalTimeoutMinutes in infra/pipeline.yml", wait=True)]
        return [self._free(path, provider, _ACTION_MINUTES, "CodePipeline's quota")]

    def _free(self, path: str, what: str, most: float, bound: str, *, wait: bool = False) -> Step:
        return Step(path, what, self._past.action(path), most, 0.0, 0.0, bound, wait=wait)

    def _build(self, path: str, compute: str, most: float, bound: str) -> Step:
        price, minutes = self._till.price("build", compute), self._past.action(path)
        spent = None if minutes is None else times(price, whole_minutes(minutes))
        return Step(path, compute, minutes, most, spent, times(price, most), bound)

    def _jobs(self) -> list[Step]:
        training = self._configuration.training_job
        seconds = training.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_SECONDS)
        evaluation = self._configuration.evaluation.instance_type
        wait = training.get("StoppingCondition", {}).get("MaxWaitTimeInSeconds", seconds)
        spot = " spot" if training.get("EnableManagedSpotTraining") else ""
        groups = _groups(training)
        what = ", ".join(f"{count} × {type_}{spot}" for type_, count in groups)
        bound = "StoppingCondition in trainingjob.json"
        prices = [times(self._till.price("training", type_), count) for type_, count in groups]
        hourly = None if None in prices else sum(price for price in prices if price is not None)
        processing = self._till.price("processing", evaluation)
        return [
            # On spot instances, waiting is not charged, and an hour costs at most what it costs on demand.
            self._job("training", what, wait / 60, hourly, bound, charged=seconds / 60),
            self._job("baseline", f"1 × {evaluation}", seconds / 60, processing, bound),
            self._job("evaluation", f"1 × {evaluation}", seconds / 60, processing, bound),
        ]

    def _job(
        self, kind: str, what: str, most: float, hourly: float | None, bound: str, charged: float | None = None
    ) -> Step:
        minutes = self._past.job(kind)
        spent = None if minutes is None else times(hourly, minutes / 60)
        most_spent = times(hourly, (most if charged is None else charged) / 60)
        return Step(f"  {kind} job", what, minutes, most, spent, most_spent, bound, timed=False)

    def _test_endpoint(self, steps: list[Step]) -> Step:
        """It is charged from its deployment to the decision."""
        test = self._configuration.test
        hosted = hosting.of_endpoint(test, test.InitialInstanceCount, self._till)
        minutes = self._past.between("Test/Deploy", "Approve/Release")
        most = sum(step.most_minutes for step in steps if step.name.startswith(("Test/", "Approve/")))
        spent = None if minutes is None else times(hosted.usd, minutes / 60)
        bound = "the stages Test and Approve"
        return Step(
            "test endpoint", hosted.what, minutes, most, spent, times(hosted.usd, most / 60), bound, timed=False
        )

    def _shift(self) -> Step:
        """While the traffic shifts, production has its instances, or its provisioned concurrency, twice."""
        production = self._configuration.production
        hosted = hosting.of_endpoint(production, standing.instances(production), self._till)
        minutes = self._past.action("Production/Deploy")
        spent = None if minutes is None else times(hosted.usd, minutes / 60)
        most = times(hosted.usd, _STACK_MINUTES / 60)
        what = hosted.what if hosted.usd == 0 else f"{hosted.what} more"
        return Step("shift", what, minutes, _STACK_MINUTES, spent, most, "the action Production/Deploy", timed=False)

    def _pipeline(self, steps: list[Step]) -> Step:
        """Each action but approvals is charged by begun minutes."""
        price = self._till.price("codepipeline", "action")
        charged = [step for step in steps if step.timed and not step.wait]
        past = [step.minutes for step in charged if step.minutes is not None]
        minutes = float(sum(map(whole_minutes, past))) if len(past) == len(charged) else None
        most = float(sum(whole_minutes(step.most_minutes) for step in charged))
        spent = None if minutes is None else times(price, minutes)
        return Step(
            "pipeline", "V2, minutes of actions", minutes, most, spent, times(price, most), "the actions", False
        )


def of_release(
    configuration: Configuration, pipeline: Template, builds: Template, till: Till, past: History
) -> list[Step]:
    """The steps of a release without tuning, in their order, and what is charged beside them."""
    return _Release(configuration, pipeline, builds, till, past).steps()


def tuning(configuration: Configuration, till: Till) -> Step:
    """The tuning job that a release with `--tune` has in addition."""
    training, limits = (
        configuration.training_job,
        configuration.tuning["HyperParameterTuningJobConfig"]["ResourceLimits"],
    )
    seconds = training.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_SECONDS)
    trials, parallel = limits.get("MaxNumberOfTrainingJobs", 1), limits["MaxParallelTrainingJobs"]
    prices = [times(till.price("training", type_), count) for type_, count in _groups(training)]
    hourly = None if None in prices else sum(price for price in prices if price is not None)
    rounds = -(-trials // parallel)
    most = rounds * seconds / 60
    return Step(
        "tuning job",
        f"{trials} trials",
        None,
        most,
        None,
        times(hourly, trials * seconds / 3600),
        "ResourceLimits",
        False,
    )


def _groups(training: dict[str, Any]) -> list[tuple[str, int]]:
    resources = training["ResourceConfig"]
    groups = resources.get("InstanceGroups") or [resources]
    return [(group["InstanceType"], group["InstanceCount"]) for group in groups]
