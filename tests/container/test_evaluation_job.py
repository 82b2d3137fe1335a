from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import xgboost

from mlops.container.directories import Container
from mlops.container.programs.evaluate import evaluate, plain
from mlops.errors import InputError


def archive(source: Path, target: Path) -> None:
    """A model archive as SageMaker packs it."""
    target.parent.mkdir(parents=True)
    with tarfile.open(target, "w:gz") as packed:
        for file in source.iterdir():
            packed.add(file, file.name)


def processing_job(base: Path, trained: Path, dataset: Path) -> Path:
    archive(trained / "model", base / "processing" / "input" / "model" / "model.tar.gz")
    test = base / "processing" / "input" / "test" / "test.csv"
    test.parent.mkdir()
    # Fewer rows than the whole set has, for speed.
    test.write_text("\n".join((dataset / "test" / "test.csv").read_text().splitlines()[:801]))
    return base


def evaluation(base: Path) -> dict:
    return json.loads((base / "processing" / "output" / "evaluation" / "evaluation.json").read_text())


def predictions(base: Path) -> tuple[list[str], np.ndarray]:
    file = base / "processing" / "output" / "evaluation" / "predictions.csv"
    header, *rows = file.read_text().splitlines()
    return header.split(","), np.array([row.split(",") for row in rows], float)


def test_the_metrics_are_those_of_the_predictions(tmp_path: Path, trained: Path, dataset: Path) -> None:
    evaluate(Container(processing_job(tmp_path, trained, dataset)))
    names, rows = predictions(tmp_path)
    actual, predicted = rows.T
    found = {name: entry["value"] for name, entry in evaluation(tmp_path)["regression_metrics"].items()}
    assert evaluation(tmp_path)["problem_type"] == "Regression"
    assert names == ["actual", "predicted"]
    assert evaluation(tmp_path)["rows"] == len(rows) == 800
    assert found == pytest.approx(
        {
            "rmse": np.sqrt(np.mean((actual - predicted) ** 2)),
            "mae": np.mean(np.abs(actual - predicted)),
            "mse": np.mean((actual - predicted) ** 2),
            "r2": 1 - np.sum((actual - predicted) ** 2) / np.sum((actual - actual.mean()) ** 2),
        },
        rel=1e-4,
    )


def test_the_model_in_production_is_scored_on_the_same_rows(
    tmp_path: Path, trained: Path, dataset: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    base = processing_job(tmp_path, trained, dataset)
    archive(trained / "model", base / "processing" / "input" / "production" / "model.tar.gz")
    evaluate(Container(base))
    names, rows = predictions(base)
    assert names == ["actual", "predicted", "production"]
    assert (rows[:, 1] == rows[:, 2]).all()
    measured = evaluation(base)["regression_metrics"]
    assert evaluation(base)["production"]["regression_metrics"] == measured
    rmse = f"{plain(measured['rmse']['value'], 6)} ± {plain(measured['rmse']['standard_deviation'], 3)}"
    assert capfd.readouterr().out.splitlines()[:2] == [
        "800 rows of the test set",
        f"rmse: {rmse}; in production {rmse}",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(104.49, "104"), (123456.7, "123000"), (0.10451, "0.105"), (2.0, "2"), (0.0, "0"), (-0.00001234, "-0.0000123")],
)
def test_a_number_in_the_log_is_rounded_and_has_no_exponent(value: float, text: str) -> None:
    assert plain(value, 3) == text


def test_the_model_in_production_is_scored_with_its_own_features(tmp_path: Path, trained: Path, dataset: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    schema = {
        "target": {"name": "total_amount", "type": "number"},
        "features": [
            {"name": "dropoff_area", "type": "string", "enum": _areas(trained)},
            {"name": "trip_distance", "type": "number"},
        ],
    }
    (old / "features.json").write_text(json.dumps(schema))
    miles = np.linspace(0, 20, 200, dtype=np.float32)
    matrix = np.column_stack([np.zeros((200, 8), np.float32), miles])
    xgboost.train({"eta": 0.9}, xgboost.DMatrix(matrix, 3 + 5 * miles), 20).save_model(old / "model.ubj")
    base = processing_job(tmp_path / "job", trained, dataset)
    archive(old, base / "processing" / "input" / "production" / "model.tar.gz")
    evaluate(Container(base))
    _, rows = predictions(base)
    lines = (base / "processing" / "input" / "test" / "test.csv").read_text().splitlines()
    distance = np.array([line.split(",")[3] for line in lines[1:]], float)
    within = distance < 20
    assert np.abs(rows[within, 2] - (3 + 5 * distance[within])).mean() < 2


def test_predictions_outside_the_bounds_of_the_target_are_counted(
    tmp_path: Path, trained: Path, dataset: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new"
    (new / "model").mkdir(parents=True)
    schema = {
        "target": {"name": "total_amount", "type": "number", "minimum": 0},
        "features": [{"name": "trip_distance", "type": "number"}],
    }
    (new / "model" / "features.json").write_text(json.dumps(schema))
    miles = np.linspace(0, 20, 200, dtype=np.float32)[:, None]
    negative = xgboost.train({"base_score": -3}, xgboost.DMatrix(miles, np.full(200, -3)), 1)
    negative.save_model(new / "model" / "model.ubj")
    base = processing_job(tmp_path / "job", new, dataset)
    evaluate(Container(base))
    assert evaluation(base)["outside_bounds"] == {"rows": 800, "most_extreme": -3.0, "limits": "at least 0"}
    assert (
        "800 of 800 predictions are outside of what TARGET in model/features.py allows (at least 0); "
        "the most extreme is -3."
    ) in capfd.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda schema: schema["features"][0].update(name="altitude"), "no column altitude"),
        (lambda schema: schema["features"][5].update(enum=["Manhattan"] * 8), "allowed is one of Manhattan"),
        (lambda schema: schema["features"].pop(), "takes 21 columns, its features are described with 13"),
        (lambda schema: schema.pop("features"), "features.json does not describe features"),
    ],
)
def test_an_unusable_production_model_has_a_reason_in_place_of_metrics(
    tmp_path: Path, trained: Path, dataset: Path, change, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    schema = json.loads((trained / "model" / "features.json").read_text())
    change(schema)
    (old / "features.json").write_text(json.dumps(schema))
    (old / "model.ubj").write_bytes((trained / "model" / "model.ubj").read_bytes())
    base = processing_job(tmp_path / "job", trained, dataset)
    archive(old, base / "processing" / "input" / "production" / "model.tar.gz")
    evaluate(Container(base))
    assert reason in evaluation(base)["production"]["reason"]
    assert evaluation(base)["production"].keys() == {"reason"}
    assert "The model in production was not scored: " in capfd.readouterr().out
    assert predictions(base)[0] == ["actual", "predicted"]


def test_a_file_that_is_not_an_archive_is_named(tmp_path: Path, trained: Path, dataset: Path) -> None:
    base = processing_job(tmp_path, trained, dataset)
    (base / "processing" / "input" / "model" / "model.tar.gz").write_bytes(b"garbage")
    with pytest.raises(InputError, match=r"model\.tar\.gz: not a model archive"):
        evaluate(Container(base))


def _areas(trained: Path) -> list[str]:
    return json.loads((trained / "model" / "features.json").read_text())["features"][6]["enum"]
