"""A repository's checks and tests pass after each valid edit of a team."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from repository import to_serverless

Edit = Callable[[Path], object]


def values(file: str, change: Callable[[dict[str, Any]], object]) -> Edit:
    """An edit of a file in configuration/."""

    def edit(repository: Path) -> None:
        path = repository / "configuration" / file
        content = yaml.safe_load(path.read_text())
        change(content)
        path.write_text(json.dumps(content, indent=2) if path.suffix == ".json" else yaml.safe_dump(content))

    return edit


def text(file: str, old: str, new: str) -> Edit:
    """An edit of any file."""

    def edit(repository: Path) -> None:
        path = repository / file
        content = path.read_text()
        assert old in content, f"{file} has no {old!r}"
        path.write_text(content.replace(old, new))

    return edit


def both(*edits: Edit) -> Edit:
    return lambda repository: [edit(repository) for edit in edits]


def set_values(file: str, **new: Any) -> Edit:
    return values(file, lambda content: content.update(new))


def within(file: str, key: str, **new: Any) -> Edit:
    return values(file, lambda content: content[key].update(new))


def tuning(change: Callable[[dict[str, Any]], object]) -> Edit:
    return values("tuning.json", lambda content: change(content["HyperParameterTuningJobConfig"]))


VPC = {"Subnets": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-0123456789abcdef0"]}
SCALING = {"MinCapacity": 1, "MaxCapacity": 20, "invocations_per_instance": 1000}
PREBUILT = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"

EDITS: dict[str, Edit] = {
    "three instances": set_values("production.yml", InitialInstanceCount=3),
    "clients call the endpoint": set_values("production.yml", clients_call="endpoint"),
    "a linear shift": set_values("production.yml", shift={"type": "linear", "percent": 20, "minutes": 2}),
    "all traffic at once": set_values("production.yml", shift={"type": "all_at_once", "minutes": 1}),
    "a rolling shift": set_values("production.yml", clients_call="endpoint", shift={"type": "rolling", "percent": 50}),
    "other alarms": set_values("production.yml", alarms={"errors_per_minute": 20, "latency_milliseconds": 300}),
    "a larger type with scaling": set_values("production.yml", InstanceType="ml.m5.large", autoscaling=SCALING),
    "an API key": within("production.yml", "api", authentication="api_key"),
    "fewer rows in a request": within("production.yml", "api", max_rows=100),
    "an endpoint in a VPC": set_values("production.yml", VpcConfig=VPC),
    "no captured data": set_values("production.yml", InitialSamplingPercentage=0),
    "serverless endpoints": both(values("production.yml", to_serverless), values("test.yml", to_serverless)),
    "a larger test endpoint": set_values("test.yml", InstanceType="ml.m5.xlarge"),
    "a longer load": set_values("qa.yml", duration_seconds=60),
    "fewer users": set_values("qa.yml", users=2, wait_milliseconds=50),
    "ten rows in a request": set_values("qa.yml", rows_per_request=10),
    "another metric": set_values("evaluation.yml", metrics={"mae": {"bound": 4.0, "allowed_regression": 0.05}}),
    "two metrics": within("evaluation.yml", "metrics", r2={"bound": 0.5, "allowed_regression": 0.1}),
    "a tighter bound": set_values("evaluation.yml", metrics={"rmse": {"bound": 5.5, "allowed_regression": 0.0}}),
    "a larger evaluation": set_values("evaluation.yml", instance_type="ml.m5.xlarge"),
    "a tag for the cost centre": set_values("trainingjob.json", Tags=[{"Key": "cost-centre", "Value": "4711"}]),
    "shallower trees": within("trainingjob.json", "HyperParameters", max_depth="4"),
    "no spot instances": both(
        values("trainingjob.json", lambda content: content.pop("EnableManagedSpotTraining")),
        values("trainingjob.json", lambda content: content["StoppingCondition"].pop("MaxWaitTimeInSeconds")),
    ),
    "a larger training instance": within("trainingjob.json", "ResourceConfig", InstanceType="ml.m5.2xlarge"),
    "a prebuilt image": within("trainingjob.json", "AlgorithmSpecification", TrainingImage=PREBUILT),
    "twenty trials": tuning(
        lambda job: job["ResourceLimits"].update(MaxNumberOfTrainingJobs=20, MaxParallelTrainingJobs=4)
    ),
    "a range less": tuning(lambda job: job["ParameterRanges"]["ContinuousParameterRanges"].pop()),
    "a random search": tuning(lambda job: job.update(Strategy="Random")),
    "another region": set_values("project.json", region="eu-central-1"),
    "another address": set_values("project.json", notification_email="mlops@example.org"),
    "a feature less": text(
        "model/features.py",
        '    Number("pickup_weekday", minimum=0, maximum=6, integer=True, compared=False),  # Monday is 0\n',
        "",
    ),
    "another bound of a feature": text("model/features.py", "exclusive_maximum=121", "exclusive_maximum=100"),
    "a module of its own": lambda repository: (repository / "model" / "weather.py").write_text("RAIN = 0.3\n"),
    "no documents": lambda repository: shutil.rmtree(repository / "docs"),
}


# Every edit is in one group. Edits of one group change different keys.
GROUPS = [
    [
        "three instances",
        "a linear shift",
        "other alarms",
        "a larger type with scaling",
        "an API key",
        "an endpoint in a VPC",
        "a larger test endpoint",
        "a longer load",
        "another metric",
        "a larger evaluation",
        "a tag for the cost centre",
        "shallower trees",
        "no spot instances",
        "twenty trials",
        "another region",
    ],
    [
        "clients call the endpoint",
        "all traffic at once",
        "no captured data",
        "fewer users",
        "two metrics",
        "a larger training instance",
        "a range less",
        "a feature less",
        "another address",
    ],
    [
        "a rolling shift",
        "fewer rows in a request",
        "ten rows in a request",
        "a tighter bound",
        "a prebuilt image",
        "a random search",
        "another bound of a feature",
        "a module of its own",
        "no documents",
    ],
    ["serverless endpoints"],
]


@pytest.mark.acceptance
@pytest.mark.parametrize("edit", EDITS)
def test_a_valid_edit_keeps_the_contract(generated: Path, tmp_path: Path, edit: str) -> None:
    repository = shutil.copytree(generated, tmp_path / "taxi-fares")
    EDITS[edit](repository)
    done = run(repository, "mlops", "check")
    assert done.returncode == 0, indented(done.stdout)


@pytest.mark.acceptance
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0])
def test_valid_edits_keep_the_teams_tests_green(generated: Path, tmp_path: Path, group: list[str]) -> None:
    repository = shutil.copytree(generated, tmp_path / "taxi-fares")
    for edit in group:
        EDITS[edit](repository)
    done = run(repository, "pytest", "-q", "-p", "no:cacheprovider", "tests/model", "tests/data", "tests/api")
    assert done.returncode == 0, indented(done.stdout)


def test_every_valid_edit_is_in_one_group() -> None:
    assert sorted(edit for group in GROUPS for edit in group) == sorted(EDITS)


@pytest.mark.acceptance
def test_valid_edits_together_lead_to_a_release(generated: Path, tmp_path: Path) -> None:
    repository = shutil.copytree(generated, tmp_path / "taxi-fares")
    for edit in ("three instances", "a linear shift", "an API key", "two metrics", "a tag for the cost centre"):
        EDITS[edit](repository)
    for edit in ("shallower trees", "a larger training instance", "a feature less", "ten rows in a request"):
        EDITS[edit](repository)
    done = run(repository, "pytest", "-q", "-p", "no:cacheprovider", "tests/test_pipeline.py")
    assert done.returncode == 0, indented(done.stdout)


def run(repository: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=repository,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def indented(output: str) -> str:
    """The end of a program's output, set off from that of these tests."""
    return re.sub(r"(?m)^", "    ", output[-8000:])
