from __future__ import annotations

import re

import pytest

from mlops.container.hyperparameters import Choice, Hyperparameters, Integer, Real
from mlops.errors import InputError

TABLE = Hyperparameters(
    {
        "objective": Choice(("squared", "absolute")),
        "depth": Integer(minimum=1, maximum=20),
        "eta": Real(above=0, maximum=1),
        "gamma": Real(minimum=0),
    }
)
GIVEN = {"objective": "squared", "depth": "6", "eta": "0.1", "gamma": "0"}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"dept": "5"}, "dept is not known, allowed is one of objective, depth, eta, gamma"),
        ({"depth": "deep"}, "depth: found 'deep', allowed is an integer, at least 1, at most 20"),
        ({"depth": "5.5"}, "depth: found '5.5'"),
        ({"depth": "1_0"}, "depth: found '1_0'"),
        ({"depth": "\u0666"}, "depth: found '\u0666'"),
        ({"depth": "21"}, "depth: found '21'"),
        ({"eta": "0"}, "eta: found '0', allowed is a number, above 0, at most 1"),
        ({"gamma": "inf"}, "gamma: found 'inf'"),
        ({"gamma": "1e999"}, "gamma: found '1e999'"),
        ({"gamma": "nan"}, "gamma: found 'nan'"),
        ({"gamma": "-1"}, "gamma: found '-1', allowed is a number, at least 0"),
        ({"objective": "cubic"}, "objective: found 'cubic', allowed is one of squared, absolute"),
    ],
)
def test_hyperparameters_that_are_unknown_or_out_of_range_are_refused_by_name(
    given: dict[str, str], complaint: str
) -> None:
    with pytest.raises(InputError, match=re.escape(complaint)):
        TABLE.parse(GIVEN | given)


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(InputError, match=r"eta: found '2'.*; dept is not known"):
        TABLE.parse(GIVEN | {"dept": "5", "eta": "2"})


def test_a_missing_hyperparameter_is_refused_with_the_name_of_its_file() -> None:
    with pytest.raises(InputError, match=r"eta is missing in configuration/trainingjob\.json, allowed is a number"):
        TABLE.parse({name: text for name, text in GIVEN.items() if name != "eta"})


def test_sagemakers_own_hyperparameter_is_dropped() -> None:
    values = TABLE.parse(GIVEN | {"_tuning_objective_metric": "validation:rmse", "eta": "2.5e-1"})
    assert values == {"objective": "squared", "depth": 6, "eta": 0.25, "gamma": 0.0}


def test_problems_names_wrong_unknown_and_missing_hyperparameters() -> None:
    assert TABLE.problems(GIVEN) == {}
    assert TABLE.problems({"eta": "2", "tree": "1"}).keys() == {"eta", "tree", "objective", "depth", "gamma"}
