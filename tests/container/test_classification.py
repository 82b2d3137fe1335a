"""The container's programs with a classifier of another team: `classifier/`."""

from __future__ import annotations

import csv
import json
import random
import tarfile
from pathlib import Path

import numpy as np
import pytest
from programs import DEADLINE, Server, start

from mlops.container.programs.evaluate import describe, without_curves
from mlops.contract import Category, ProblemType
from mlops.metrics import METRICS

REPOSITORY = Path(__file__).parent / "classifier"
LABELS = ["adelie", "chinstrap", "gentoo"]
JSON = {"Content-Type": "application/json"}


def write(folder: Path, rows: int, seed: int) -> None:
    """Penguins whose flippers and masses overlap, some cells empty."""
    draw = random.Random(seed)
    folder.mkdir(parents=True)
    lines = ["species,flipper,mass,island"]
    for _ in range(rows):
        label = draw.randrange(3)
        flipper, mass = draw.gauss(190 + 12 * label, 7), draw.gauss(3700 + 500 * label, 400)
        cells = [f"{flipper:.0f}", f"{mass:.0f}", draw.choice(["biscoe", "dream"])]
        lines.append(",".join([LABELS[label], *("" if draw.random() < 0.02 else cell for cell in cells)]))
    (folder / "data.csv").write_text("\n".join(lines) + "\n")


def run(program: str, base: Path) -> str:
    process = start(program, base, repository=REPOSITORY)
    output, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, errors
    return output


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directories of a finished training, and of an evaluation in which the same model is in production."""
    base = tmp_path_factory.mktemp("classifier")
    for number, channel in enumerate(("train", "validation")):
        write(base / "input" / "data" / channel, 400, number)
    (base / "input" / "config").mkdir()
    (base / "input" / "config" / "hyperparameters.json").write_text('{"sharpness": "2"}')
    run("train", base)
    inputs = base / "processing" / "input"
    write(inputs / "test", 300, 7)
    write(inputs / "baseline", 300, 8)
    for name in ("model", "production"):
        (inputs / name).mkdir()
        with tarfile.open(inputs / name / "model.tar.gz", "w:gz") as packed:
            packed.add(base / "model", ".")
    return base


@pytest.fixture(scope="module")
def server(base: Path) -> Server:
    server = Server(base, repository=REPOSITORY, SAGEMAKER_MODEL_SERVER_WORKERS="1")
    yield server
    assert server.stop() == 0


def test_the_schema_of_a_trained_model_has_the_targets_values(base: Path) -> None:
    schema = json.loads((base / "model" / "features.json").read_text())
    assert schema["target"] == {"name": "species", "type": "string", "enum": LABELS}


def test_an_evaluation_has_the_metrics_curves_and_counts_of_its_problem(base: Path) -> None:
    run("evaluate", base)
    output = base / "processing" / "output" / "evaluation"
    evaluation = json.loads((output / "evaluation.json").read_text())
    group = evaluation["multiclass_classification_metrics"]
    assert (evaluation["problem_type"], evaluation["rows"]) == ("MulticlassClassification", 300)
    assert evaluation["labels"] == LABELS
    assert 0.6 < group["accuracy"]["value"] < 1
    assert sum(sum(row.values()) for row in group["confusion_matrix"].values()) == 300
    right = sum(group["confusion_matrix"][label][label] for label in LABELS)
    assert group["accuracy"]["value"] == pytest.approx(right / 300)
    assert group["receiver_operating_characteristic_curves"].keys() == set(LABELS)
    assert group["precision_recall_curves"].keys() == set(LABELS)
    assert sum(group["calibration"]["rows"]) == 300
    metrics = {name: entry for name, entry in group.items() if isinstance(entry, dict) and "value" in entry}
    assert evaluation["production"] == {"multiclass_classification_metrics": metrics}


def test_the_gate_gets_the_metrics_alone(base: Path) -> None:
    run("evaluate", base)
    output = base / "processing" / "output" / "evaluation"
    found = json.loads((output / "metrics.json").read_text())
    evaluation = json.loads((output / "evaluation.json").read_text())
    assert found["production"] == evaluation["production"]
    group = evaluation["multiclass_classification_metrics"]
    assert found["multiclass_classification_metrics"] == {
        name: group[name] for name in METRICS[ProblemType.MULTICLASS_CLASSIFICATION]
    }
    assert found.keys() == {"problem_type", "rows", "production", "multiclass_classification_metrics"}


def test_the_gate_can_read_an_evaluation_with_hundreds_of_labels() -> None:
    target = Category("species", tuple(f"species {number}" for number in range(400)))
    draw = np.random.default_rng(1)
    actual = draw.integers(0, 400, 2000)
    predicted = draw.dirichlet(np.ones(400), 2000)
    evaluation = describe(target, actual, predicted)
    assert len(json.dumps(evaluation)) > 262_144
    assert len(json.dumps(without_curves(evaluation))) < 2_000


def test_listed_predictions_have_labels_and_probabilities(base: Path) -> None:
    run("evaluate", base)
    output = base / "processing" / "output" / "evaluation"
    with (output / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    accuracy = json.loads((output / "evaluation.json").read_text())["multiclass_classification_metrics"]["accuracy"]
    assert list(rows[0]) == ["actual", "predicted", "probability", "production"]
    assert sum(row["actual"] == row["predicted"] for row in rows) / len(rows) == pytest.approx(accuracy["value"])
    assert all(1 / 3 <= float(row["probability"]) <= 1 and row["predicted"] == row["production"] for row in rows)


@pytest.mark.parametrize(
    ("values", "reason"),
    [(["adelie", "chinstrap", "emperor"], "predicts other labels"), (None, "solves another problem: Regression")],
)
def test_production_with_another_target_is_not_compared(
    base: Path, tmp_path: Path, values: list[str] | None, reason: str
) -> None:
    schema = json.loads((base / "model" / "features.json").read_text())
    schema["target"] = schema["target"] | {"enum": values} if values else {"name": "species", "type": "number"}
    inputs = tmp_path / "processing" / "input"
    (inputs / "production").mkdir(parents=True)
    for name in ("model", "test"):
        (inputs / name).symlink_to(base / "processing" / "input" / name)
    (tmp_path / "features.json").write_text(json.dumps(schema))
    with tarfile.open(inputs / "production" / "model.tar.gz", "w:gz") as packed:
        packed.add(base / "model" / "nested", "nested")
        packed.add(tmp_path / "features.json", "features.json")
    run("evaluate", tmp_path)
    evaluation = json.loads((tmp_path / "processing" / "output" / "evaluation" / "evaluation.json").read_text())
    assert reason in evaluation["production"]["reason"]


def test_labels_of_production_are_compared_by_their_names(base: Path, tmp_path: Path) -> None:
    schema = json.loads((base / "model" / "features.json").read_text())
    schema["target"]["enum"] = LABELS[::-1]
    inputs = tmp_path / "processing" / "input"
    (inputs / "production").mkdir(parents=True)
    for name in ("model", "test"):
        (inputs / name).symlink_to(base / "processing" / "input" / name)
    (tmp_path / "features.json").write_text(json.dumps(schema))
    with tarfile.open(inputs / "production" / "model.tar.gz", "w:gz") as packed:
        packed.add(base / "model" / "nested", "nested")
        packed.add(tmp_path / "features.json", "features.json")
    run("evaluate", tmp_path)
    with (tmp_path / "processing" / "output" / "evaluation" / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    mirrored = dict(zip(LABELS, LABELS[::-1], strict=True))
    assert all(row["production"] == mirrored[row["predicted"]] for row in rows)


def test_a_baseline_describes_a_categorical_target_by_its_counts(base: Path) -> None:
    run("baseline", base)
    output = base / "processing" / "output" / "baseline"
    statistics = json.loads((output / "statistics.json").read_text())["features"][0]
    constraints = json.loads((output / "constraints.json").read_text())["features"][0]
    assert (statistics["name"], statistics["inferred_type"]) == ("species", "String")
    assert constraints["string_constraints"] == {"domains": LABELS}
    assert statistics["string_statistics"]["distinct_count"] == 3


def test_rows_of_csv_are_answered_with_label_and_probability(server: Server) -> None:
    status, text = server.request("214,4700,biscoe\n190,3700,\n")
    assert status == 200
    rows = [line.split(",") for line in text.splitlines()]
    assert [label for label, _ in rows] == ["gentoo", "adelie"]
    assert all(1 / 3 < float(probability) <= 1 for _, probability in rows)


def test_rows_of_json_are_answered_with_the_probabilities_of_all_labels(server: Server) -> None:
    status, text = server.request(json.dumps({"instances": [[214, 4700, "biscoe"], [190, None, None]]}), JSON)
    assert status == 200
    predictions = json.loads(text)["predictions"]
    assert [prediction["label"] for prediction in predictions] == ["gentoo", "adelie"]
    for prediction in predictions:
        assert list(prediction["probabilities"]) == LABELS
        assert prediction["probability"] == prediction["probabilities"][prediction["label"]]
        assert sum(prediction["probabilities"].values()) == pytest.approx(1)


def test_rows_of_csv_and_json_get_the_same_answers_in_requests_of_any_size(server: Server) -> None:
    rows = [[150 + number % 90, 3000 + number % 2500, "dream"] for number in range(6000)]
    _, lines = server.request("\n".join(",".join(map(str, row)) for row in rows))
    _, document = server.request(json.dumps({"instances": rows}), JSON)
    found = [(each["label"], each["probability"]) for each in json.loads(document)["predictions"]]
    assert [(line.split(",")[0], float(line.split(",")[1])) for line in lines.splitlines()] == found
