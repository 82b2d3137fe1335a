"""Permissions boundaries that `mlops deploy` gives to the roles of its stacks."""

from types import SimpleNamespace
from typing import Any

import pytest
from baking import REPOSITORY
from templates import resources

from mlops.errors import InputError
from mlops.names import Names
from mlops.release import deployment

NAMES = sorted(resources("boundaries", "AWS::IAM::ManagedPolicy"))
REPOSITORY_OF_ONE = SimpleNamespace(session=None, names=Names("taxi-fares", "total-amount"), root=REPOSITORY)


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The outputs of the stack of the boundaries."""
    found: dict[str, str] = {}

    def read(session: Any, stack: str) -> dict[str, str]:
        assert stack == "taxi-fares-boundaries"
        return found

    monkeypatch.setattr(deployment.stacks, "outputs", read)
    return found


def test_each_boundary_has_its_name(outputs: dict[str, str]) -> None:
    outputs |= {f"{name}BoundaryArn": f"arn:{name}" for name in NAMES}
    assert deployment._boundaries(REPOSITORY_OF_ONE) == {name.lower(): f"arn:{name}" for name in NAMES}


def test_without_a_bootstrap_there_are_none(outputs: dict[str, str]) -> None:
    assert deployment._boundaries(REPOSITORY_OF_ONE) == {}


def test_a_bootstrap_of_an_earlier_template_is_refused_with_the_command_to_run(outputs: dict[str, str]) -> None:
    outputs |= {f"{name}BoundaryArn": f"arn:{name}" for name in NAMES if name != "Decision"}
    with pytest.raises(InputError, match=r"taxi-fares-boundaries has no .* Decision\. Run: mlops bootstrap"):
        deployment._boundaries(REPOSITORY_OF_ONE)
