"""Documents of executions: recordings of a regression, and the same with the results of classifiers."""

import copy
import json
from pathlib import Path
from typing import Any

import classifiers
import pytest
from cassette import Exchange, replaying
from classifiers import Evaluated

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

_BINARY_GATE = [
    {"Name": "auc", "Goal": "Maximize", "Bound": 0.85, "AllowedRegression": 0.02},
    {"Name": "log_loss", "Goal": "Minimize", "Bound": 0.2, "AllowedRegression": 0.05},
]
_MULTICLASS_GATE = [
    {"Name": "weighted_f1", "Goal": "Maximize", "Bound": 0.5, "AllowedRegression": 0.02},
    {"Name": "log_loss", "Goal": "Minimize", "Bound": 3.0, "AllowedRegression": 0.05},
]


@pytest.fixture(scope="session")
def evaluated() -> dict[str, Evaluated]:
    """Results of classifiers by their names."""
    return {
        "binary": classifiers.binary(),
        "three": classifiers.multiclass(["cash", "card", "no charge"]),
        "hundred": classifiers.hundred(),
    }


@pytest.fixture(scope="session")
def recorded(evaluated: dict[str, Evaluated]) -> dict[str, Document]:
    """The documents by name, collected from responses of AWS's APIs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.delenv("AWS_PROFILE", raising=False)
        released = _recording("released")
        return {
            "released": _collected(released, RELEASED, patch),
            "refused": _collected(_recording("refused"), REFUSED, patch),
            "binary": _collected(_with(released, evaluated["binary"], _BINARY_GATE), RELEASED, patch),
            "three": _collected(_with(released, evaluated["three"], _MULTICLASS_GATE), RELEASED, patch),
            "hundred": _collected(_with(released, evaluated["hundred"], _MULTICLASS_GATE), RELEASED, patch),
        }


def _recording(name: str) -> list[Exchange]:
    text = (RECORDINGS / f"{name}.json").read_text(encoding="utf-8")
    # qa.json of the recordings calls the value of a check `figure`.
    exchanges: list[Exchange] = json.loads(text.replace(r"\"figure\":", r"\"value\":"))
    return exchanges


def _with(exchanges: list[Exchange], result: Evaluated, gate: list[dict[str, Any]]) -> list[Exchange]:
    """The recording with the results of a classifier in the bucket and its gate in the state machine's input."""
    changed = copy.deepcopy(exchanges)
    for exchange in changed:
        request, response = exchange["request"], exchange["response"]
        if request["path"].endswith("/evaluation/evaluation.json"):
            response["body"] = json.dumps(result.evaluation)
        elif request["path"].endswith("/evaluation/predictions.csv"):
            response["body"] = result.predictions
        elif request["target"] == "AWSStepFunctions.DescribeExecution":
            described = json.loads(response["body"])
            release = json.loads(described["input"])
            release["Gate"] |= {"Group": _group(result.evaluation), "Metrics": gate}
            response["body"] = json.dumps(described | {"input": json.dumps(release)})
    return changed


def _group(evaluation: dict[str, Any]) -> str:
    return next(name for name in evaluation if name.endswith("_metrics"))


def _collected(exchanges: list[Exchange], execution: str, patch: pytest.MonkeyPatch) -> Document:
    with replaying(exchanges) as url:
        patch.setenv("AWS_ENDPOINT_URL", url)
        return collect(Session(PROJECT.region), PROJECT, execution)


@pytest.fixture
def document(recorded: dict[str, Document], request: pytest.FixtureRequest) -> Document:
    """A copy of the document named by the test's parameter."""
    return copy.deepcopy(recorded[request.param])


@pytest.fixture
def released(recorded: dict[str, Document]) -> Document:
    """A copy of the document of a regression that was released after a tuning."""
    return copy.deepcopy(recorded["released"])


@pytest.fixture
def refused(recorded: dict[str, Document]) -> Document:
    """A copy of the document of a regression that the gate refused."""
    return copy.deepcopy(recorded["refused"])


@pytest.fixture
def binary(recorded: dict[str, Document]) -> Document:
    """A copy of the document of a classifier of two labels."""
    return copy.deepcopy(recorded["binary"])


@pytest.fixture
def hundred(recorded: dict[str, Document]) -> Document:
    """A copy of the document of a classifier of 100 labels."""
    return copy.deepcopy(recorded["hundred"])
