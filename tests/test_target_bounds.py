"""Predictions outside the bounds of a regression's target are counted; no release is refused for them."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mlops import target_bounds
from mlops.container import bounds
from mlops.contract import Category, Number

GUIDE = Path(__file__).parents[1] / "{{cookiecutter.project}}" / "docs" / "bring-your-own-model.md"
BIKES = Number("bikes", minimum=0, integer=True)


def described(target: Number, *predicted: float) -> dict:
    return bounds.describe(target, np.array(predicted, float))["outside_bounds"]


def test_predictions_outside_the_bounds_are_counted_with_the_most_extreme() -> None:
    found = {"rows": 2, "most_extreme": -3.3, "limits": "at least 0"}
    assert described(BIKES, 4.5, -0.01, 0.0, -3.3, 1e6) == found
    assert json.loads(json.dumps(found)) == found


def test_the_most_extreme_prediction_is_the_furthest_beyond_its_own_bound() -> None:
    share = Number("share", minimum=-100, maximum=1)
    assert described(share, -101.0, 3.0, -50.0)["most_extreme"] == 3.0
    assert described(share, -104.0, 3.0, -50.0)["most_extreme"] == -104.0


def test_a_prediction_at_an_exclusive_bound_is_outside_and_at_an_inclusive_one_is_not() -> None:
    assert described(Number("price", exclusive_minimum=0, maximum=9), 0.0, 9.0) == {
        "rows": 1,
        "most_extreme": 0.0,
        "limits": "above 0, at most 9",
    }


def test_a_float32_at_its_bound_is_inside() -> None:
    assert described(Number("share", maximum=0.1), float(np.float32(0.1)))["rows"] == 0


@pytest.mark.filterwarnings("error")
def test_a_prediction_beyond_every_float32_is_outside() -> None:
    assert described(BIKES, -1e300) == {"rows": 1, "most_extreme": -1e300, "limits": "at least 0"}


@pytest.mark.parametrize("target", [Number("bikes"), Category("label", ("no", "yes"))])
def test_nothing_is_counted_for_a_target_without_bounds(target: Number | Category) -> None:
    assert bounds.describe(target, np.zeros(3)) == {}


def test_the_sentence_has_count_bounds_and_the_most_extreme_prediction() -> None:
    evaluation = {"rows": 1200, "outside_bounds": {"rows": 3, "most_extreme": -3.3, "limits": "at least 0"}}
    assert target_bounds.sentence(evaluation) == (
        "3 of 1,200 predictions are outside of what TARGET in model/features.py allows (at least 0); "
        "the most extreme is -3.3"
    )


@pytest.mark.parametrize(
    "evaluation",
    [None, {"rows": 9}, {"rows": 9, "outside_bounds": {"rows": 0, "most_extreme": None, "limits": "at least 0"}}],
)
def test_there_is_no_sentence_without_such_predictions_and_for_older_evaluations(evaluation: dict | None) -> None:
    assert target_bounds.sentence(evaluation) == ""


def test_the_lines_of_the_guide_clip_predictions() -> None:
    _, _, after = GUIDE.read_text(encoding="utf-8").partition("To clip them, `predict` of a regression ends with:\n\n")
    names: dict = {}
    exec("def predict(self, rows):\n" + textwrap.indent(after.partition("\n\n")[0], "    "), names)
    rows = SimpleNamespace(to_numpy=lambda: np.array([-3.3, 4.5, 99.0]))
    model = SimpleNamespace(predict=lambda values: values)

    def clipped(target: Number) -> list[float]:
        return names["predict"](SimpleNamespace(target=target, _model=model), rows).tolist()

    assert clipped(BIKES) == [0.0, 4.5, 99.0]
    assert clipped(Number("bikes", minimum=0, maximum=50)) == [0.0, 4.5, 50.0]
