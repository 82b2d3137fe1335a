from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest
import xgboost
from programs import DEADLINE, start

from mlops.container.directories import Container
from mlops.container.programs.training import train
from mlops.errors import InputError
from mlops.testing import training_job

ENDLESS = {"num_round": "10000", "early_stopping_rounds": "10000", "eta": "0.001"}


def rounds(output: str) -> list[int]:
    return [int(number) for number in re.findall(r"^\[(\d+)\] train", output, re.MULTILINE)]


def test_sigterm_leaves_a_model_and_a_checkpoint_that_the_next_run_continues(tmp_path: Path, dataset: Path) -> None:
    base = training_job(tmp_path, dataset, **ENDLESS)
    reached = -1
    for _ in range(2):
        process = start("train", base)
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=DEADLINE)
        assert process.returncode == 0, errors
        done = rounds("".join(lines) + rest)
        assert done[0] == reached + 1
        reached = done[-1]
        # The model ends at its best round, the checkpoint at the last one.
        assert xgboost.Booster(model_file=base / "model" / "model.ubj").num_boosted_rounds() <= reached + 1
        assert [path.name for path in base.glob("checkpoints/*/*")] == [f"round-{reached + 1:06}.ubj"]


def test_a_finished_training_is_not_repeated(tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    container = Container(training_job(tmp_path, dataset, num_round="4", checkpoint_rounds="2"))
    train(container)
    model = (tmp_path / "model" / "model.ubj").read_bytes()
    capsys.readouterr()
    train(container)
    assert rounds(capsys.readouterr().out) == []
    assert (tmp_path / "model" / "model.ubj").read_bytes() == model


def test_checkpoints_of_other_hyperparameters_are_not_continued(
    tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for depth in ("2", "3"):
        base = training_job(tmp_path / depth, dataset, num_round="2", checkpoint_rounds="1", max_depth=depth)
        (base / "checkpoints").symlink_to(tmp_path / "shared")
        (tmp_path / "shared").mkdir(exist_ok=True)
        train(Container(base))
        assert rounds(capsys.readouterr().out) == [0, 1]


def test_the_reason_of_a_failure_is_written_to_output_failure(tmp_path: Path, dataset: Path) -> None:
    process = start("train", training_job(tmp_path, dataset, depth="3"))
    _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    reason = (tmp_path / "output" / "failure").read_text()
    assert reason.startswith("hyperparameters: depth is not known")
    assert errors.strip() == reason


def test_a_channel_without_data_is_named(tmp_path: Path, dataset: Path) -> None:
    base = training_job(tmp_path, dataset)
    (base / "input" / "data" / "validation" / "validation.csv").unlink()
    with pytest.raises(InputError, match="channel validation: no CSV file below"):
        train(Container(base))


def test_a_bad_row_of_training_data_is_named_with_file_and_column(tmp_path: Path, dataset: Path) -> None:
    base = training_job(tmp_path, dataset)
    file = base / "input" / "data" / "train" / "train.csv"
    lines = file.read_text().splitlines()
    lines[7] = lines[7].rpartition(",")[0] + ",Mars"
    file.write_text("\n".join(lines))
    with pytest.raises(
        InputError, match=r'train\.csv: row 7 \(line 8\), column dropoff_area: found "Mars", allowed is one of'
    ):
        train(Container(base))


def test_several_instances_are_refused(tmp_path: Path, dataset: Path) -> None:
    base = training_job(tmp_path, dataset)
    (base / "input" / "config" / "resourceconfig.json").write_text(json.dumps({"hosts": ["algo-1", "algo-2"]}))
    with pytest.raises(InputError, match="found 2 hosts, allowed is 1"):
        train(Container(base))
