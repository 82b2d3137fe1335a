"""The approval of a release that was evaluated against another model than production serves."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from mlops import release
from mlops.aws import deployments, executions, model_packages, releases
from mlops.aws.deployments import Deployment
from mlops.aws.executions import Action, Execution, Stage
from mlops.aws.model_packages import ModelPackage
from mlops.release import production_change
from mlops.rendering import Container

ONE, TWO, WAITING = (f"{digit * 8}-1111-2222-3333-444455556666" for digit in "123")
EXECUTION = Execution("demo", WAITING, "InProgress", "", {"Tune": "false", "HyperParameters": "{}"}, {}, "", ())
REPOSITORY = SimpleNamespace(session=None, names=None, bucket="demo")


def model(execution: str) -> str:
    return f"s3://demo/releases/{execution}/model.tar.gz"


def package(version: int, execution: str) -> ModelPackage:
    return ModelPackage("arn", version, "Approved", datetime.now(UTC), Container("", ""), execution, "", "")


@pytest.fixture
def production(monkeypatch):
    """Sets the model of the comparison, the one of production, and the log of production."""

    def change(lineage: dict | None, serves: str | None, *log: Deployment) -> None:
        packages = [package(2, TWO), package(1, ONE)]
        monkeypatch.setattr(deployments, "documents", lambda *_: [lineage])
        monkeypatch.setattr(deployments, "newest_first", lambda *_: list(log))
        monkeypatch.setattr(model_packages, "newest_first", lambda *_: iter(packages))
        monkeypatch.setattr(releases, "served_model", lambda *_: serves)
        monkeypatch.setattr(executions, "on_their_way", lambda *_: [EXECUTION])

    return change


@pytest.mark.parametrize(
    ("lineage", "serves"),
    [
        ({"compared_with": None}, None),
        ({"compared_with": model(ONE)}, model(ONE)),
        (None, model(ONE)),
        ({}, model(ONE)),
    ],
    ids=["a first release", "production is the same", "no lineage is kept", "the lineage names no comparison"],
)
def test_a_release_that_was_compared_with_production_is_approved(production, lineage: dict | None, serves: str | None):
    production(lineage, serves)
    production_change.require_none(REPOSITORY, EXECUTION)


def test_a_release_is_refused_while_another_one_is_being_deployed(production, monkeypatch):
    production({"compared_with": model(ONE)}, model(ONE))
    action = Action("Production", "Deploy", "Deploy", "CloudFormation", state="InProgress")
    deploying = replace(EXECUTION, id=TWO, stages=(Stage("Production", (action,)),))
    monkeypatch.setattr(executions, "on_their_way", lambda *_: [EXECUTION, deploying])
    with pytest.raises(release.ProductionChangedError) as refused:
        production_change.require_none(REPOSITORY, EXECUTION)
    assert f"execution {TWO} is running Production/Deploy, and {WAITING} was not compared" in str(refused.value)
    assert f": mlops watch {TWO[:8]} && mlops approve {WAITING[:8]}\n" in str(refused.value)


RELEASED = Deployment(ONE, "2026-11-21T12:00:00Z", "release")


@pytest.mark.parametrize(
    ("before", "serves", "log", "words"),
    [
        (model(TWO), model(ONE), RELEASED, "against version 2, and production serves version 1 now, since 2026-11-21 "),
        (None, model(ONE), RELEASED, "while nothing was in production, and production serves version 1 now, since "),
        (model(TWO), None, RELEASED, "against version 2, and nothing is in production now. "),
        (
            model(TWO),
            model(ONE),
            replace(RELEASED, execution_id=TWO),
            "against version 2, and production serves version 1 now. ",
        ),
        (
            model("4" * 36),
            model(ONE),
            replace(RELEASED, kind="rollback", by="octocat", reason="slow"),
            "against execution 44444444, and production serves version 1 now, since 2026-11-21 12:00 UTC: "
            "rolled back by octocat (slow). ",
        ),
    ],
)
def test_a_release_that_was_not_compared_with_production_is_refused(
    production, before: str | None, serves: str | None, log: Deployment, words: str
):
    production({"compared_with": before}, serves, log)
    with pytest.raises(release.ProductionChangedError) as refused:
        production_change.require_none(REPOSITORY, EXECUTION)
    assert f"Nothing is approved: the execution {WAITING} was evaluated {words}" in str(refused.value)
    assert refused.value.exit_code == 1


def test_the_refusal_has_the_command_that_repeats_the_release(production):
    production({"compared_with": None}, model(ONE))
    variables = {"Tune": "true", "HyperParameters": '{"eta": "0.1"}'}
    with pytest.raises(release.ProductionChangedError) as refused:
        production_change.require_none(REPOSITORY, replace(EXECUTION, variables=variables, revisions={"Data": "v1"}))
    command = """mlops start --data-version v1 --tune --hyperparameters '{"eta": "0.1"}'"""
    assert f"then {command}\n" in str(refused.value)
