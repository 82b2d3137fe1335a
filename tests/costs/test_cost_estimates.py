"""Estimates against sums calculated by hand in the comments."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from estimates import Costed, about, standing, steps

from mlops import costs
from mlops.aws.executions import SUCCEEDED, Action, Execution, Stage
from mlops.aws.jobs import Job
from mlops.costs import History, Template, prices
from mlops.costs.durations import PastRelease
from mlops.release import Repository, costing

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


def test_a_generated_repository_costs_less_than_the_promised_sum_a_day(costed, generated: Path) -> None:
    estimate = costed("us-east-1", generated).estimate()
    assert standing(estimate) == {
        "endpoint of production": about(1.344),  # 0.056 × 24
        "alarms": about(0.026301),  # 4 of the endpoint and the API, 4 of monitoring: 8 × 0.10 × 12 / 365
        "dashboards": about(0.098630),  # 3.00 × 12 / 365
        "keys": about(0.032877),  # 1.00 × 12 / 365
        "metrics of monitoring": about(0.039452),  # 4 × 0.30 × 12 / 365
    }
    assert estimate.day == about(1.541260)
    assert estimate.day < 1.56


def test_two_scaled_instances_in_virginia(costed) -> None:
    estimate = costed("us-east-1").estimate()
    assert standing(estimate) == {
        "endpoint of production": about(5.52),  # 2 × 0.115 × 24
        "alarms": about(
            0.032877
        ),  # 4 of the endpoint and the API, 4 of monitoring, 2 of autoscaling: 10 × 0.10 × 12 / 365
        "dashboards": about(0.098630),
        "keys": about(0.032877),
        "metrics of monitoring": about(0.039452),
    }
    assert estimate.day == about(5.723836)
    assert estimate.missing == []


def test_a_release_in_virginia_step_by_step(costed) -> None:
    estimate = costed("us-east-1").estimate()
    assert steps(estimate) == {
        "Source/Code": 0,
        "Source/Data": 0,
        "Build/Image": about(0.30),  # 60 min × 0.005
        "Build/Render": about(0.30),  # 30 min × 0.01
        "Train/Train": 0,
        "training job": about(0.23),  # 1 h of ml.m5.xlarge
        "baseline job": about(0.115),  # 1 h of ml.m5.large
        "evaluation job": about(0.115),
        "Test/Deploy": 0,
        "Test/QA": about(1.80),  # 90 min × 0.02
        "Approve/Release": 0,
        "Production/Deploy": 0,
        "Production/Smoke": about(0.075),  # 15 min × 0.005
        "test endpoint": about(19.7225),  # (120 + 90 + 7 × 24 × 60) min / 60 × 0.115
        "shift": about(0.46),  # 2 more instances for 2 h: 4 × 0.115
        # Two sources of 60, image 60, render 30, training 120, deployment 120, QA 90, deployment 120, smoke test 15
        "pipeline": about(1.35),  # 675 min × 0.002
    }
    assert estimate.release_at_most == about(24.4675)
    # As above, but the sources run at the same time.
    assert estimate.minutes_at_most == 615
    # The retraining workflow runs on the first of each month.
    assert estimate.retrainings == 1
    # 4 trials of 1 h of ml.m5.xlarge, two at a time
    assert (estimate.tuning.most_usd, estimate.tuning.most_minutes) == (about(0.92), 120)


def ireland(costed: Callable[..., Costed]) -> Costed:
    """A repository whose jobs have the type that has prices in eu-west-1."""
    repository = costed("eu-west-1")
    for file in ("evaluation.yml", "monitoring.yml"):
        repository.change(file, lambda settings: settings.update(instance_type="ml.m5.xlarge"))
    repository.change(
        "production.yml",
        lambda production: production.update(batch={"InstanceType": "ml.m5.xlarge", "InstanceCount": 3}),
    )
    return repository


def test_two_instances_in_ireland(costed) -> None:
    repository = ireland(costed)
    builds = repository.root / "infra" / "builds.yml"
    builds.write_text(builds.read_text().replace("BUILD_GENERAL1_LARGE", "BUILD_GENERAL1_MEDIUM"))
    estimate = repository.estimate()
    assert estimate.missing == []
    # 2 × 0.128 × 24 = 6.144; alarms 10 × 1.2 / 365; metrics 4 × 3.6 / 365; dashboard 36 / 365; key 12 / 365
    assert estimate.day == about(6.347836)
    found = steps(estimate)
    assert found["training job"] == found["baseline job"] == about(0.257)  # 1 h of ml.m5.xlarge
    assert found["test endpoint"] == about(21.952)  # 171.5 h × 0.128
    # Image 0.30, render 0.30, jobs 3 × 0.257, QA 90 × 0.01, smoke 0.075, test endpoint, shift 4 × 0.128, pipeline 1.35
    assert estimate.release_at_most == about(26.16)
    assert estimate.monitoring.most_usd == about(6.425)  # 25 × 0.257
    assert estimate.batch.usd_an_hour == about(0.771)  # 3 × 0.257
    assert estimate.batch.comparison_usd_an_hour == about(0.257)


def test_a_price_that_is_not_published_for_ireland_is_named(costed) -> None:
    estimate = ireland(costed).estimate()
    assert steps(estimate)["Test/QA"] is None
    assert list(map(str, estimate.missing)) == ["build BUILD_GENERAL1_LARGE"]
    assert estimate.release_at_most is None


def test_an_accelerated_instance_in_ohio(costed) -> None:
    repository = costed("us-east-2")
    repository.change("production.yml", lambda production: production.pop("autoscaling"))
    repository.change(
        "production.yml", lambda production: production.update(InstanceType="ml.g6.xlarge", InitialInstanceCount=1)
    )
    estimate = repository.estimate()
    assert standing(estimate) == {
        "endpoint of production": about(27.0408),  # 1.1267 × 24
        "alarms": None,
        "dashboards": about(0.098630),
        "keys": about(0.032877),
        "metrics of monitoring": None,
    }
    assert estimate.day is None
    assert list(map(str, estimate.missing)) == [
        "build BUILD_GENERAL1_LARGE",
        "build BUILD_GENERAL1_MEDIUM",
        "build BUILD_GENERAL1_SMALL",
        "cloudwatch alarm",
        "cloudwatch metric",
        "hosting ml.m5.large",
        "processing ml.m5.large",
        "processing ml.t3.medium",
        "training ml.m5.xlarge",
        "transform ml.m5.large",
    ]


def test_a_table_of_the_teams_completes_a_region(costed, tmp_path: Path) -> None:
    names = {
        "hosting": {"ml.m5.large": 0.5},
        "processing": {"ml.m5.large": 0.5, "ml.t3.medium": 0.25},
        "training": {"ml.m5.xlarge": 1},
        "transform": {"ml.m5.large": 0.5},
        "build": {"BUILD_GENERAL1_SMALL": 0.1, "BUILD_GENERAL1_MEDIUM": 0.2, "BUILD_GENERAL1_LARGE": 0.4},
        "cloudwatch": {"alarm": 0.73, "metric": 0.5},
    }
    figures = {
        kind: {name: {"usd": usd, "date": "2026-11-01", "source": "a contract"} for name, usd in each.items()}
        for kind, each in names.items()
    }
    table = tmp_path / "sydney.json"
    table.write_text(json.dumps({"regions": {"ap-southeast-2": figures}}))
    estimate = costed("ap-southeast-2").estimate(table)
    assert estimate.missing == []
    # 2 × 0.5 × 24 = 24; alarms 10 × 0.73 × 12 / 365 = 0.24; metrics 4 × 6 / 365; dashboard 36 / 365; key 12 / 365
    assert estimate.day == about(24.437260)
    # Image 6, render 6, training 1, baseline and evaluation 1, QA 36, smoke 1.5, test 85.75, shift 2, pipeline 1.35
    assert estimate.release_at_most == about(140.6)


def test_a_challenger_has_instances_of_its_own(costed) -> None:
    repository = costed("us-east-1")
    challenger = {"VariantName": "Challenger", "model_package_version": 1, "InitialInstanceCount": 3, "share": 0.1}
    repository.change("production.yml", lambda production: production.update(challenger=challenger))
    assert standing(repository.estimate())["challenger"] == about(8.28)  # 3 × 0.115 × 24


def test_clients_of_the_endpoint_need_other_alarms(costed) -> None:
    repository = costed("us-east-1")
    repository.change("production.yml", lambda production: production.update(clients_call="endpoint"))
    # Two of the release, two of the endpoint, two of autoscaling, four of monitoring
    assert standing(repository.estimate())["alarms"] == about(0.032877)


def test_spot_training_is_charged_by_its_runtime_and_not_by_its_waiting(costed) -> None:
    repository = costed("us-east-1")
    limits = {"MaxRuntimeInSeconds": 1800, "MaxWaitTimeInSeconds": 7200}
    spot = {"EnableManagedSpotTraining": True, "StoppingCondition": limits}
    repository.change("trainingjob.json", lambda training: training.update(spot))
    [training] = [step for step in repository.estimate().steps if step.name == "  training job"]
    assert (training.most_minutes, training.most_usd) == (120, about(0.115))  # half an hour of 0.23
    assert training.what == "1 × ml.m5.xlarge spot"


def test_a_prebuilt_image_is_not_built(costed) -> None:
    repository = costed("us-east-1")
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
    repository.change(
        "trainingjob.json", lambda training: training["AlgorithmSpecification"].update(TrainingImage=image)
    )
    assert "Build/Image" not in steps(repository.estimate())


def test_choices_say_what_they_add_and_save(costed) -> None:
    choices = {
        (choice.file, choice.setting): (round(choice.usd, 6), choice.per)
        for choice in costed("us-east-1").estimate().choices
    }
    one = choices["production.yml", "MinCapacity: 1, in one availability zone"]
    assert one == (-2.76, "day")  # 0.115 × 24
    assert choices["production.yml", "autoscaling at MaxCapacity: 10"] == (22.08, "day")  # 8 × 0.115 × 24
    assert choices["production.yml", "InstanceType: ml.m5.xlarge"] == (5.52, "day")  # 2 × 24 × (0.23 - 0.115)
    spot = choices["trainingjob.json", "EnableManagedSpotTraining: true, at best"]
    assert spot == (-0.207, "release, at most")  # 0.9 × 0.23
    assert choices["evaluation.yml", "instance_type: ml.t3.medium"] == (-0.065, "hour of a job")  # 0.05 - 0.115
    # SageMaker does not scale it.
    assert ("production.yml", "InstanceType: ml.t2.medium") not in choices


def past_release(shift_minutes: int) -> PastRelease:
    """A release whose actions take these minutes, one after the other, and its jobs."""
    minutes = {
        "Source/Code": 1,
        "Source/Data": 1,
        "Build/Image": 5,
        "Build/Render": 3.5,
        "Train/Train": 10,
        "Test/Deploy": 6,
        "Test/QA": 2,
        "Approve/Release": 120,
        "Production/Deploy": shift_minutes,
        "Production/Smoke": 1.5,
    }
    moment, stages = START, []
    for path, took in minutes.items():
        stage, name = path.split("/")
        ended = moment + timedelta(minutes=took)
        action = Action(stage, name, "", "", state=SUCCEEDED, started=moment, ended=ended)
        stages.append(Stage(stage, (action,)))
        moment = ended
    jobs = [
        Job(kind, kind, "Completed", started=START, ended=START + timedelta(minutes=took))
        for kind, took in (("training", 6), ("baseline", 3), ("evaluation", 3))
    ]
    return PastRelease(Execution("demo", "1", SUCCEEDED, "", {}, {}, "", tuple(stages)), jobs)


def test_the_times_of_past_releases_replace_bounds(costed) -> None:
    opened = Repository(costed("us-east-1").root)
    estimate = costs.estimate(
        opened.configuration,
        costing.stack_templates(opened),
        prices.load("us-east-1"),
        History([past_release(20), past_release(10), past_release(30)]),
        retrainings=2,
    )
    found = {step.name.strip(): (step.minutes, step.usd) for step in estimate.steps}
    assert found["Build/Image"] == (5, about(0.025))  # 5 × 0.005
    assert found["Build/Render"] == (3.5, about(0.04))  # 4 begun minutes × 0.01
    assert found["training job"] == (6, about(0.023))  # 0.1 h × 0.23
    assert found["baseline job"] == (3, about(0.00575))  # 0.05 h × 0.115
    assert found["Test/QA"] == (2, about(0.04))  # 2 × 0.02
    assert found["Production/Smoke"] == (1.5, about(0.01))  # 2 × 0.005
    assert found["test endpoint"] == (128, about(0.245333))  # (6 + 2 + 120) / 60 × 0.115
    assert found["shift"] == (20, about(0.076667))  # the median: 20 / 60 × 2 × 0.115
    # 1 + 1 + 5 + 4 + 10 + 6 + 2 + 20 + 2 begun minutes
    assert found["pipeline"] == (51, about(0.102))
    assert found["Approve/Release"][0] == 120
    # 0.025 + 0.04 + 0.023 + 2 × 0.00575 + 0.04 + 0.01 + 0.245333 + 0.076667 + 0.102
    assert estimate.release == about(0.5735)
    # 1, the sources together, + 5 + 3.5 + 10 + 6 + 2 + 20 + 1.5
    assert estimate.minutes == 49
    assert estimate.document()["retraining_month"]["usd"] == about(1.147)


def test_a_template_keeps_what_its_conditions_keep() -> None:
    text = """
Parameters:
  Kind: {Type: String, Default: a}
Conditions:
  IsA: !Equals [!Ref Kind, a]
  IsB: !Not [!Condition IsA]
  Never: !And [!Condition IsA, !Condition IsB]
  Always: !Or [!Condition IsA, !Condition IsB]
Resources:
  Sometimes: {Type: A, Condition: IsB}
  Always: {Type: B, Condition: Always, Properties: {Name: !Sub "x-${Kind}", List: [!If [Never, 1, !Ref AWS::NoValue], 2]}}
  Never: {Type: C, Condition: Never}
"""
    assert Template(text, {}).types() == {"B": 1}
    assert Template(text, {"Kind": "b"}).types() == {"A": 1, "B": 1}
    assert Template(text, {"Kind": "b"}).resources("B") == [{"Name": "x-b", "List": [2]}]
