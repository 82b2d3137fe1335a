"""Documents of executions that were recorded: one that was released after a tuning, one that the gate refused."""

import copy
from pathlib import Path

import pytest
from cassette import replaying

from mlops.aws.session import Session
from mlops.configuration import Project
from mlops.report.collect import Document, collect

RECORDINGS = Path(__file__).parent / "recordings"
PROJECT = Project(
    project="taxi-fares",
    model="total-amount",
    region="us-east-1",
    notification_email="someone@example.org",
    github_owner="someone",
    github_repository="taxi-fares",
)
RELEASED = "59ed189f-3c60-4ea2-b745-110ccd47dbec"
REFUSED = "0cbfb4b5-810c-4327-8a5a-36fe458d884a"


@pytest.fixture(scope="session")
def recorded() -> dict[str, Document]:
    """The documents by the names of their recordings, as `collect` makes them from AWS's answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.delenv("AWS_PROFILE", raising=False)
        return {name: _collected(name, execution, patch) for name, execution in _EXECUTIONS.items()}


_EXECUTIONS = {"released": RELEASED, "refused": REFUSED}


def _collected(name: str, execution: str, patch: pytest.MonkeyPatch) -> Document:
    with replaying(RECORDINGS / f"{name}.json") as url:
        patch.setenv("AWS_ENDPOINT_URL", url)
        return collect(Session(PROJECT.region), PROJECT, execution)


@pytest.fixture
def released(recorded: dict[str, Document]) -> Document:
    """A document of its own, to be changed at will."""
    return copy.deepcopy(recorded["released"])


@pytest.fixture
def refused(recorded: dict[str, Document]) -> Document:
    """The same of the execution that the gate refused."""
    return copy.deepcopy(recorded["refused"])
