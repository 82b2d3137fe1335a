"""Changes that SageMaker cannot make to production are refused before a release starts, not in its last stage."""

from __future__ import annotations

import pytest
from repository import Repository

from mlops.configuration import load
from mlops.rendering import transition


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path)


DEPLOYED = {"ClientsCall": "endpoint", "InstanceType": "ml.m5.large", "MinCapacity": "2", "ChallengerName": ""}
CONFIGURED = DEPLOYED | {"ShiftType": "CANARY"}
POSSIBLE = {
    "first release": ({}, CONFIGURED | {"InstanceType": "ml.m5.xlarge"}),
    "nothing changes": (DEPLOYED, CONFIGURED),
    "another type, not scaled": (DEPLOYED | {"MinCapacity": "0"}, CONFIGURED | {"InstanceType": "ml.m5.xlarge"}),
    "another type behind the API": (
        DEPLOYED | {"ClientsCall": "api"},
        CONFIGURED | {"ClientsCall": "api", "InstanceType": "ml.m5.xlarge", "ChallengerName": "Challenger"},
    ),
    "another variant at once": (DEPLOYED, CONFIGURED | {"ChallengerName": "Challenger", "ShiftType": "ALL_AT_ONCE"}),
}
REFUSED = {
    "another type": (CONFIGURED | {"InstanceType": "ml.m5.xlarge"}, "Release once without autoscaling"),
    "another variant": (CONFIGURED | {"ChallengerName": "Challenger"}, "the second variant Challenger"),
    "a variant less": (CONFIGURED, "this release no second variant"),
}


@pytest.mark.parametrize(("deployed", "rendered"), POSSIBLE.values(), ids=POSSIBLE)
def test_a_transition_that_sagemaker_accepts_is_allowed(deployed, rendered):
    assert transition.problems(deployed, rendered) == []


@pytest.mark.parametrize(("rendered", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_transition_that_sagemaker_would_refuse_or_not_guard_is_refused(rendered, reason):
    before = DEPLOYED | ({"ChallengerName": "Old"} if rendered == CONFIGURED else {})
    [problem] = transition.problems(before, rendered)
    assert reason in problem


def test_the_configuration_is_compared_with_production(repository):
    repository.change("production.yml", lambda data: data.update(clients_call="endpoint", InstanceType="ml.m5.xlarge"))
    [problem] = transition.problems(DEPLOYED, transition.configured(load(repository.root)))
    assert "found ml.m5.xlarge, production has ml.m5.large" in problem
