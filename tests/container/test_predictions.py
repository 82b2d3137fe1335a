from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import xgboost
from model.features import AREAS
from model.predictor import Predictor
from programs import Server

from mlops.container.booster import Booster
from mlops.container.rows import Rows, parse_csv

NAMES = (
    "duration_minutes",
    "passenger_count",
    "trip_distance",
    "pickup_hour",
    "pickup_weekday",
    "pickup_area",
    "dropoff_area",
)


def trip(dice: random.Random) -> dict[str, float | str | None]:
    """Random values within their bounds; one in five is missing."""
    values = (
        round(dice.uniform(0.1, 119), 4),
        dice.randint(1, 9),
        round(dice.uniform(0.01, 120), 2),
        dice.randint(0, 23),
        dice.randint(0, 6),
        dice.choice(AREAS),
        dice.choice(AREAS),
    )
    return {name: None if dice.random() < 0.2 else value for name, value in zip(NAMES, values, strict=True)}


def by_xgboost(trained: Path, trips: list[dict[str, float | str | None]]) -> np.ndarray:
    """The booster's own predictions, its columns filled in by their names."""
    booster = xgboost.Booster(model_file=trained / "model" / "model.ubj")

    def cell(values: Mapping[str, float | str | None], column: str) -> float:
        name, _, category = column.partition("=")
        value = values[name]
        return np.nan if value is None else float(value == category) if category else float(value)

    matrix = [[cell(values, column) for column in booster.feature_names] for values in trips]
    return booster.predict(xgboost.DMatrix(np.array(matrix, np.float32), feature_names=booster.feature_names))


@pytest.fixture(scope="module")
def trips() -> list[dict[str, float | str | None]]:
    dice = random.Random(7)
    return [trip(dice) for _ in range(5_500)]


@pytest.fixture(scope="module")
def csv(trips: list[dict[str, float | str | None]]) -> str:
    return "\n".join(",".join("" if value is None else str(value) for value in trip.values()) for trip in trips)


def test_predictions_over_http_are_the_boosters_to_float32(
    server: Server, trained: Path, trips: list[dict[str, float | str | None]], csv: str
) -> None:
    _, from_csv = server.request(csv)
    _, from_json = server.request(json.dumps({"instances": trips}), {"Content-Type": "application/json"})
    expected = by_xgboost(trained, trips)
    np.testing.assert_array_equal(np.array(from_csv.split(), np.float32), expected)
    np.testing.assert_array_equal(np.array(json.loads(from_json)["predictions"], np.float32), expected)


def test_predictions_in_process_are_the_boosters_to_float32(
    trained: Path, trips: list[dict[str, float | str | None]], csv: str
) -> None:
    model = Predictor(trained / "model")
    predicted = model.predict(parse_csv(csv, model.features))
    np.testing.assert_array_equal(np.array(predicted, np.float32), by_xgboost(trained, trips))


def test_a_booster_that_splits_by_categories_is_predicted_as_xgboost_does(tmp_path: Path) -> None:
    draw = np.random.default_rng(7)
    matrix = np.column_stack([draw.normal(size=2_000), draw.integers(0, 12, 2_000)]).astype(np.float32)
    matrix[draw.random(matrix.shape) < 0.1] = np.nan
    data = xgboost.DMatrix(matrix, draw.normal(size=2_000), feature_types=["q", "c"], enable_categorical=True)
    trained = xgboost.train({"max_depth": 5}, data, 10)
    trained.save_model(tmp_path / "model.ubj")
    predicted = Booster(tmp_path / "model.ubj").predict(Rows.from_numpy(matrix))
    np.testing.assert_array_equal(np.array(predicted, np.float32), trained.predict(data))
