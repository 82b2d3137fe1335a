"""Tuning jobs: a real search by real training jobs, through plain boto3."""

import re

import pytest
from botocore.exceptions import ClientError
from scripts import Scripts
from waiting import until

PARABOLA = """
import json, os, pathlib
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
values = json.loads((base / "input/config/hyperparameters.json").read_text())
print(f"loss={(float(values['x']) - 3) ** 2 + float(values['offset'])}")
"""
X = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "-10", "MaxValue": "10"}]}
# The first jobs end with a loss of 1; the one with x = "bad" stays at 9 until it is stopped.
EPOCHS = """
import json, os, pathlib, time
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
values = json.loads((base / "input/config/hyperparameters.json").read_text())
for epoch in range(600 if values["x"] == "bad" else 3):
    print("loss=9" if values["x"] == "bad" else f"loss={3 - epoch}", flush=True)
    time.sleep(0.05)
"""


def choices(*values: str) -> dict:
    """Ranges with one categorical hyperparameter, x."""
    return {"CategoricalParameterRanges": [{"Name": "x", "Values": list(values)}]}


def test_bayesian_search_finds_the_minimum(
    scripts: Scripts,
) -> None:
    request = scripts.tuning_request(
        "finds",
        PARABOLA,
        X,
        Strategy="Bayesian",
        ResourceLimits={"MaxNumberOfTrainingJobs": 14, "MaxParallelTrainingJobs": 2},
    )
    request["TrainingJobDefinition"]["StaticHyperParameters"] = {"offset": "0"}
    scripts.sagemaker.create_hyper_parameter_tuning_job(**request)
    job = scripts.ended_tuning("finds")

    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert job["TrainingJobStatusCounters"]["Completed"] == 14
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 14, "Pending": 0, "Failed": 0}
    best = job["BestTrainingJob"]
    # A random point is within 1.5 of the minimum with a probability of 0.15.
    assert abs(float(best["TunedHyperParameters"]["x"]) - 3) < 1.5
    final = best["FinalHyperParameterTuningJobObjectiveMetric"]
    assert final["Value"] == pytest.approx((float(best["TunedHyperParameters"]["x"]) - 3) ** 2, rel=1e-4)

    tried = scripts.tuned("finds", SortBy="FinalObjectiveMetricValue", SortOrder="Ascending")
    losses = [item["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for item in tried]
    assert losses == sorted(losses)
    assert tried[0]["TrainingJobName"] == best["TrainingJobName"]
    names = sorted(item["TrainingJobName"] for item in tried)
    assert all(re.fullmatch(rf"finds-{number:03d}-[0-9a-f]{{8}}", name) for number, name in enumerate(names, 1))
    training = scripts.sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert training["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    assert training["HyperParameters"] == {
        **best["TunedHyperParameters"],
        "offset": "0",
        "_tuning_objective_metric": "loss",
    }


def test_a_grid_search_tries_every_combination_once(scripts: Scripts) -> None:
    program = "print('loss=1')"
    job = scripts.tune(
        "grid",
        program,
        choices("1", "2", "3"),
        Strategy="Grid",
        ResourceLimits={"MaxParallelTrainingJobs": 2},
    )
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert sorted(item["TunedHyperParameters"]["x"] for item in scripts.tuned("grid")) == ["1", "2", "3"]


def test_early_stopping_stops_the_job_that_is_worse_than_the_median(scripts: Scripts) -> None:
    job = scripts.tune(
        "early",
        EPOCHS,
        choices("a", "b", "c", "bad"),
        Strategy="Grid",
        TrainingJobEarlyStoppingType="Auto",
        ResourceLimits={"MaxParallelTrainingJobs": 1},
    )
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert job["TrainingJobStatusCounters"]["Stopped"] == 1
    (stopped,) = scripts.tuned("early", StatusEquals="Stopped")
    assert stopped["TunedHyperParameters"] == {"x": "bad"}
    assert stopped["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == 9
    assert job["BestTrainingJob"]["TunedHyperParameters"] != {"x": "bad"}


def test_stopping_stops_the_running_jobs_and_launches_no_more(scripts: Scripts) -> None:
    sagemaker = scripts.sagemaker
    sagemaker.create_hyper_parameter_tuning_job(
        **scripts.tuning_request("halt", "import time; time.sleep(600)", choices("1"))
    )
    until(lambda: len(scripts.tuned("halt", StatusEquals="InProgress")) == 2)
    sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="halt")
    job = scripts.ended_tuning("halt")
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert [item["TrainingJobStatus"] for item in scripts.tuned("halt")] == ["Stopped", "Stopped"]


def test_warm_start_uses_the_best_job_of_its_parent(scripts: Scripts) -> None:
    program = """
    import json, os, pathlib
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
    print("loss=" + json.loads((base / "input/config/hyperparameters.json").read_text())["x"])
    """
    limits = {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1}
    scripts.tune("parent", program, choices("1"), ResourceLimits=limits)
    request = scripts.tuning_request("child", program, choices("2"), ResourceLimits=limits)
    request["WarmStartConfig"] = {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "parent"}],
        "WarmStartType": "IdenticalDataAndAlgorithm",
    }
    scripts.sagemaker.create_hyper_parameter_tuning_job(**request)
    job = scripts.ended_tuning("child")
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "2"}
    assert job["OverallBestTrainingJob"]["TunedHyperParameters"] == {"x": "1"}
    assert job["OverallBestTrainingJob"]["TuningJobName"] == "parent"


def test_reaching_the_target_ends_the_search(scripts: Scripts) -> None:
    job = scripts.tune(
        "target",
        "print('loss=0.5')",
        choices("1"),
        TuningJobCompletionCriteria={"TargetObjectiveMetricValue": 0.5},
        ResourceLimits={"MaxNumberOfTrainingJobs": 9, "MaxParallelTrainingJobs": 1},
    )
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert len(scripts.tuned("target")) == 1


def test_one_failed_training_job_does_not_fail_the_search(scripts: Scripts) -> None:
    program = """
    import json, os, pathlib
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
    print(1 / int(json.loads((base / "input/config/hyperparameters.json").read_text())["x"]), "loss=1")
    """
    job = scripts.tune(
        "some-fail",
        program,
        choices("0", "1"),
        Strategy="Grid",
        ResourceLimits={"MaxParallelTrainingJobs": 1},
    )
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 1, "Pending": 0, "Failed": 1}


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("raise ValueError", "All training jobs failed."),
        ("print('no metric')", "No objective metrics found after running 5 training jobs."),
    ],
    ids=["all-fail", "no-metric"],
)
def test_search_without_objectives_fails_with_a_reason(
    scripts: Scripts, request: pytest.FixtureRequest, program: str, reason: str
) -> None:
    name = f"barren-{request.node.callspec.id}"
    limits = {"MaxNumberOfTrainingJobs": 9, "MaxParallelTrainingJobs": 1}
    job = scripts.tune(name, program, choices("1"), ResourceLimits=limits)
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(reason)
    assert "BestTrainingJob" not in job


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"Strategy": "Hyperband"}, "HyperParameterTuningJobConfig.Strategy=Hyperband"),
        (
            {"StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 9}}},
            "HyperParameterTuningJobConfig.StrategyConfig",
        ),
        (
            {"TuningJobCompletionCriteria": {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}},
            "ConvergenceDetected.CompleteOnConvergence=Enabled",
        ),
    ],
    ids=["hyperband", "strategy-config", "convergence"],
)
def test_unsupported_requests_are_refused_by_name(scripts: Scripts, config: dict, named: str) -> None:
    with pytest.raises(ClientError, match=f"{named}$") as error:
        scripts.sagemaker.create_hyper_parameter_tuning_job(**scripts.tuning_request("refused", "", X, **config))
    assert error.value.response["Error"]["Code"] == "NotImplemented"


def test_an_objective_without_a_metric_definition_is_refused(scripts: Scripts) -> None:
    objective = {"Type": "Minimize", "MetricName": "validation:rmse"}
    with pytest.raises(ClientError, match="validation:rmse is not among the MetricDefinitions: loss"):
        scripts.sagemaker.create_hyper_parameter_tuning_job(
            **scripts.tuning_request("blind", "", X, HyperParameterTuningJobObjective=objective)
        )


def test_tuning_jobs_are_listed_and_an_unknown_one_is_not_found(scripts: Scripts) -> None:
    limits = {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1}
    scripts.tune("in-list", "print('loss=1')", choices("1"), ResourceLimits=limits)
    listed = scripts.sagemaker.list_hyper_parameter_tuning_jobs(NameContains="in-list")
    (item,) = listed["HyperParameterTuningJobSummaries"]
    assert (item["Strategy"], item["ResourceLimits"]) == ("Random", limits)
    with pytest.raises(ClientError, match="absent") as error:
        scripts.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="absent")
    assert error.value.response["Error"]["Code"] == "ResourceNotFound"
