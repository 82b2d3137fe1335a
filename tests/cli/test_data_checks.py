"""`mlops data` refuses data that the training would refuse, when they are prepared and when they are used."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import data
import pytest
from rows import write_dataset

from mlops import release
from mlops.progress import result
from mlops.release.datasets import dataset_for
from mlops.release.events import StepProgressed


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `prepare` that writes an unknown area."""

    def prepare(source: str | None, out: Path, on_progress: Callable[[str], object]) -> dict[str, Any]:
        write_dataset(out)
        spoil(out)
        return json.loads((out / "dataset.json").read_text())

    monkeypatch.setattr(data, "prepare", prepare)


def spoil(dataset: Path) -> None:
    file = dataset / "test" / "test.csv"
    header, first, *others = file.read_text().splitlines()
    file.write_text("\n".join([header, first.rpartition(",")[0] + ",Mars", *others]))


PROBLEM = '  test/test.csv: row 1 (line 2), column dropoff_area: found "Mars", allowed is one of Manhattan, Bronx, '


def test_the_command_refuses_what_prepare_wrote(repository: Path, mlops, broken) -> None:
    done = mlops("data", "prepare", "my trips.csv", "--output", "sets")
    assert done.exit_code == 2
    assert "The prepared data can't be released; sets stays as it was:" in done.output and PROBLEM in done.output
    last = done.output.splitlines()[-1]
    assert last.endswith("model/features.py. Then run: mlops data prepare 'my trips.csv' --output sets")
    assert "done in" not in done.output
    assert not list(repository.glob("*sets*"))


def test_a_refused_data_set_does_not_replace_the_prepared_one(repository: Path, mlops, broken) -> None:
    folder = write_dataset(repository / ".mlops" / "dataset", 2)
    before = contents(folder.parent)
    done = mlops("data", "prepare")
    assert done.exit_code == 2
    assert "can't be released; .mlops/dataset stays as it was:" in done.output
    assert contents(folder.parent) == before


def test_an_interrupted_preparation_leaves_the_prepared_data_set(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_dataset(repository / ".mlops" / "dataset", 2)
    before = contents(folder.parent)
    ended = threading.Event()

    def prepare(source: str | None, out: Path, on_progress: Callable[[str], object]) -> dict[str, Any]:
        (out / "train").mkdir()
        (out / "train" / "train.csv").write_text("half")
        on_progress("writing train")
        ended.wait()
        return {}

    def interrupt(event: object) -> None:
        if isinstance(event, StepProgressed):
            raise KeyboardInterrupt

    monkeypatch.setattr(data, "prepare", prepare)
    with pytest.raises(KeyboardInterrupt):
        result(release.prepare_data(release.find()), interrupt)
    assert contents(folder.parent) == before
    ended.set()


def test_a_folder_that_cannot_be_created_is_named(repository: Path, mlops) -> None:
    (repository / "file").write_text("")
    done = mlops("data", "prepare", "--output", "file/sets")
    assert done.exit_code == 2
    assert "file/sets: " in done.output and "allowed is a folder that can be created and written" in done.output


def contents(folder: Path) -> dict[str, str]:
    """The text of each file, by its path; folders have none."""
    return {str(path): path.read_text() if path.is_file() else "" for path in folder.rglob("*")}


@pytest.mark.parametrize("source", [None, "sets"])
def test_a_prepared_data_set_is_checked_again_when_it_is_used(repository: Path, mlops, source: str | None) -> None:
    folder = write_dataset(repository / (source or ".mlops/dataset"))
    assert result(dataset_for(release.find(), source)) == Path(source or folder)
    spoil(folder)
    done = mlops("data", "upload", *([source] if source else []))
    assert done.exit_code == 2
    assert PROBLEM in done.output
