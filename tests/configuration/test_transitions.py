"""What production cannot be brought to is refused by its name: before a release starts, not in its last stage."""

from __future__ import annotations

import pytest
from repository import Repository

from mlops.configuration import load
from mlops.rendering import transition


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path)


DEPLOYED = {"ClientsCall": "endpoint", "InstanceType": "ml.m5.large", "MinCapacity": "2", "ChallengerName": ""}
WANTED = DEPLOYED | {"ShiftType": "CANARY"}
POSSIBLE = {
    "first release": ({}, WANTED | {"InstanceType": "ml.m5.xlarge"}),
    "nothing changes": (DEPLOYED, WANTED),
    "another type, not scaled": (DEPLOYED | {"MinCapacity": "0"}, WANTED | {"InstanceType": "ml.m5.xlarge"}),
    "another type behind the API": (
        DEPLOYED | {"ClientsCall": "api"},
        WANTED | {"ClientsCall": "api", "InstanceType": "ml.m5.xlarge", "ChallengerName": "Champion"},
    ),
    "another variant at once": (DEPLOYED, WANTED | {"ChallengerName": "Champion", "ShiftType": "ALL_AT_ONCE"}),
}
REFUSED = {
    "another type": (WANTED | {"InstanceType": "ml.m5.xlarge"}, "Release once without autoscaling"),
    "another variant": (WANTED | {"ChallengerName": "Champion"}, "the second variant Champion"),
    "a variant less": (WANTED, "this release no second variant"),
}


@pytest.mark.parametrize(("deployed", "wanted"), POSSIBLE.values(), ids=POSSIBLE)
def test_what_sagemaker_takes_is_allowed(deployed, wanted):
    assert transition.problems(deployed, wanted) == []


@pytest.mark.parametrize(("wanted", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_sagemaker_would_refuse_or_not_guard_is_refused(wanted, reason):
    before = DEPLOYED | ({"ChallengerName": "Old"} if wanted == WANTED else {})
    [problem] = transition.problems(before, wanted)
    assert reason in problem


def test_what_the_configuration_says_is_compared(repository):
    repository.change("production.yml", lambda data: data.update(clients_call="endpoint", InstanceType="ml.m5.xlarge"))
    [problem] = transition.problems(DEPLOYED, transition.configured(load(repository.root)))
    assert "found ml.m5.xlarge, production has ml.m5.large" in problem
