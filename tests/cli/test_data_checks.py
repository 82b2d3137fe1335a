"""`mlops data` refuses data that the training would refuse, when they are prepared and when they are used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import data
import pytest
from rows import write_dataset

from mlops import release
from mlops.progress import result
from mlops.release.datasets import dataset_for


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
    assert "The data in sets can't be released:" in done.output and PROBLEM in done.output
    last = done.output.splitlines()[-1]
    assert last.endswith("model/features.py. Then run: mlops data prepare 'my trips.csv' --output sets")
    assert "done in" not in done.output


@pytest.mark.parametrize("source", [None, "sets"])
def test_a_prepared_data_set_is_checked_again_when_it_is_used(repository: Path, mlops, source: str | None) -> None:
    folder = write_dataset(repository / (source or ".mlops/dataset"))
    assert result(dataset_for(release.find(), source)) == Path(source or folder)
    spoil(folder)
    done = mlops("data", "upload", *([source] if source else []))
    assert done.exit_code == 2
    assert PROBLEM in done.output
