"""Shifts of traffic that exceed CloudFormation's time limit, or that SageMaker would not make as configured, are refused
before a release starts."""

from __future__ import annotations

import pytest
from repository import Repository

from mlops.configuration import load
from mlops.errors import InputError


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path)


SHIFTS = [
    ("api", {"type": "canary", "minutes": 60}),
    ("api", {"type": "linear", "percent": 10, "minutes": 9}),
    ("endpoint", {"type": "linear", "percent": 10, "minutes": 10}),
    ("endpoint", {"type": "rolling", "percent": 50, "minutes": 50}),
]
TOO_LONG = [
    ("api", {"type": "linear", "percent": 10, "minutes": 15}, "at most 9", "10 steps of 15 minutes wait 150 minutes"),
    ("api", {"type": "linear", "percent": 1, "minutes": 1}, "a higher percent", "100 steps of 1 minutes wait 100"),
    ("endpoint", {"type": "linear", "percent": 10, "minutes": 11}, "at most 10", "10 steps of 11 minutes wait 110"),
    ("endpoint", {"type": "rolling", "percent": 33, "minutes": 60}, "at most 25", "4 steps of 60 minutes wait 240"),
]


@pytest.mark.parametrize(("clients_call", "shift"), SHIFTS)
def test_a_shift_within_cloudformations_time_limit_is_allowed(repository, clients_call, shift):
    repository.change("production.yml", lambda data: data.update(clients_call=clients_call, shift=shift))
    assert load(repository.root).production.shift.minutes == shift["minutes"]


@pytest.mark.parametrize(("clients_call", "shift", "allowed", "arithmetic"), TOO_LONG)
def test_a_shift_beyond_cloudformations_time_limit_is_refused(repository, clients_call, shift, allowed, arithmetic):
    repository.change("production.yml", lambda data: data.update(clients_call=clients_call, shift=shift))
    with pytest.raises(InputError) as refused:
        load(repository.root)
    message = str(refused.value)
    assert "shift.minutes" in message and allowed in message and arithmetic in message
    assert "of the 120 that CloudFormation gives an update" in message


def test_a_rolling_shift_with_a_challenger_is_refused(repository):
    challenger = {"VariantName": "Challenger", "model_package_version": 1, "share": 0.1}
    changes = {"clients_call": "endpoint", "shift": {"type": "rolling"}, "challenger": challenger}
    repository.change("production.yml", lambda data: data.update(changes))
    with pytest.raises(InputError, match=r"shift\.type"):
        load(repository.root)
