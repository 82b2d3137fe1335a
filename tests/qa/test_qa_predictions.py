"""Reading and comparison of predictions, in QA and in the functions of api/, which have a copy of the module."""

import math

import pytest
from baking import REPOSITORY

from mlops.qa import predictions, released
from mlops.qa.predictions import deviation, from_csv, from_json


def label(name: str, probability: float, *ties: str) -> dict:
    return {"label": name, "probability": probability, **({"ties": list(ties)} if ties else {})}


@pytest.mark.parametrize(
    ("found", "expected", "distance"),
    [
        (2.0, 2.0, 0.0),
        (101.0, 100.0, 0.01),
        (99.0, 100.0, 0.01),
        (-101.0, -100.0, 0.01),
        (0.003, 0.001, 0.002),
        (math.nan, 1.0, math.inf),
        (math.inf, 1.0, math.inf),
        (label("yes", 0.75), label("yes", 0.5), 0.25),
        (label("no", 0.5), label("yes", 0.5), math.inf),
        (label("yes", math.nan), label("yes", 0.5), math.inf),
        (label("no", 0.5), label("yes", 0.5, "no"), 0.0),
        (label("no", 0.75), label("yes", 0.5, "no"), 0.25),
        (label("maybe", 0.5), label("yes", 0.5, "no"), math.inf),
        (1.0, label("1", 1.0), math.inf),
        (label("1", 1.0), 1.0, math.inf),
    ],
)
def test_the_deviation_of_two_predictions(found, expected, distance):
    assert deviation(found, expected) == pytest.approx(distance)


def test_the_copy_in_api_is_identical():
    assert predictions.__file__ is not None
    with open(predictions.__file__, encoding="utf-8") as file:
        assert (REPOSITORY / "api" / "predictions.py").read_text(encoding="utf-8") == file.read()


def test_csv_has_numbers_or_labels_with_probabilities():
    assert from_csv("1.5\n-2e3\n") == [1.5, -2000.0]
    assert from_csv('Staten Island,0.5\n"low, or none",0.25\n') == [
        label("Staten Island", 0.5),
        label("low, or none", 0.25),
    ]


def test_json_has_numbers_or_objects_with_label_and_probability():
    assert from_json('{"predictions": [1, 2.5]}') == [1.0, 2.5]
    found = from_json('{"predictions": [{"label": "a", "probability": 0.5, "probabilities": {"a": 0.5, "b": 0.5}}]}')
    assert found == [label("a", 0.5)]


@pytest.mark.parametrize("body", ["hello", "a,b", "a,0.5,0.5", ","])
def test_csv_without_predictions_is_refused(body):
    with pytest.raises(ValueError):
        from_csv(body)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"predictions": 1}',
        '{"predictions": ["1"]}',
        '{"predictions": [true]}',
        '{"predictions": [{"label": "a"}]}',
        '{"predictions": [{"label": "a", "probability": null}]}',
    ],
)
def test_json_without_predictions_is_refused(body):
    with pytest.raises(ValueError):
        from_json(body)


class Classifier:
    """A model that predicts these probabilities for every row."""

    def __init__(self, *probabilities: float) -> None:
        from mlops.contract import Category, Number

        self.features, self.target = [Number("x")], Category("outcome", ("low", "middle", "high"))
        self._probabilities = probabilities

    def predict(self, rows):
        return [self._probabilities] * rows.count


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ((0.2, 0.7, 0.1), label("middle", 0.7)),
        ((0.499999, 0.500001, 0.0), label("middle", 0.500001, "low")),
        ((0.49, 0.51, 0.0), label("middle", 0.51)),
        ((0.5, 0.5, 0.0), label("low", 0.5, "middle")),
    ],
)
def test_labels_with_almost_equal_probabilities_are_ties(probabilities, expected):
    assert released.predict(Classifier(*probabilities), ["1", "2"], 1e-5) == [expected] * 2
