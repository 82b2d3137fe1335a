from __future__ import annotations

import json

import pytest

from mlops.container.serving.answers import Labels, Numbers
from mlops.container.serving.media import CSV, JSON


def test_special_characters_in_labels_are_written_unchanged() -> None:
    labels = Labels(["50 % of", "naïve {x}"])
    rows = [[0.75, 0.25], [0.25, 0.75]]
    assert labels.write(rows, CSV).decode() == "50 % of,0.75\nnaïve {x},0.75\n"
    found = json.loads(labels.write(rows, JSON))["predictions"]
    assert found[1] == {
        "label": "naïve {x}",
        "probability": 0.75,
        "probabilities": {"50 % of": 0.25, "naïve {x}": 0.75},
    }


def test_of_equally_probable_labels_the_first_is_predicted() -> None:
    assert Labels(["a", "b"]).write([[0.5, 0.5]], CSV) == b"a,0.5\n"


@pytest.mark.parametrize("predictions", [[float("nan")], [1.0, float("inf")], [[1.0]], ["1"], [None]])
def test_only_finite_numbers_are_written(predictions: list) -> None:
    assert not Numbers().can_be_written(predictions)
    assert Numbers().can_be_written([1.5, -2])


@pytest.mark.parametrize("row", [[0.5], [0.5, 0.3, 0.2], [0.5, float("nan")], 0.5, ["0.5", "0.5"]])
def test_only_one_probability_per_label_is_written(row: object) -> None:
    assert not Labels(["a", "b"]).can_be_written([[0.5, 0.5], row])
