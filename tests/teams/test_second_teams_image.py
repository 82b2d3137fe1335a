"""The second team's image, built for real: its own line in the Dockerfile, its own locked packages, no XGBoost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from image_builders import Builder
from payments_team import create_payments

pytestmark = pytest.mark.image
NAME = "payments-under-test"


def test_the_second_teams_image_trains_its_model(image_builder: Builder, tmp_path: Path) -> None:
    team = create_payments(tmp_path, Path(sys.executable))
    team.edit("data/sample.py", lambda text: text.replace("ROWS = 120_000", "ROWS = 5_000"))
    dataset, ml = tmp_path / "dataset", tmp_path / "ml"
    program = f"import data, pathlib; data.prepare(None, pathlib.Path({str(dataset)!r}), print)"
    subprocess.run([sys.executable, "-c", program], cwd=team.path, check=True)
    for channel in ("train", "validation"):
        shutil.copytree(dataset / channel, ml / "input" / "data" / channel)
    (ml / "input" / "config").mkdir()
    request = json.loads((team.path / "configuration" / "trainingjob.json").read_text())
    (ml / "input" / "config" / "hyperparameters.json").write_text(json.dumps(request["HyperParameters"]))
    for name in ("model", "output", "checkpoints"):
        (ml / name).mkdir()
    image_builder.build(team.path, NAME)
    with image_builder.run(NAME, ml, "train") as process:
        output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    assert "validation:log_loss=" in output
    assert list((ml / "model").iterdir())
