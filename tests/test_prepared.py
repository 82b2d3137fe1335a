"""A prepared data set is accepted or refused before a release as the training accepts or refuses it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import data
import pytest
from baking import REPOSITORY
from rows import write_dataset

from mlops import prepared
from mlops.container import csvfile
from mlops.container.dataset import read
from mlops.contract import Category, Number
from mlops.errors import InputError

TARGET = Category("color", ("green", "yellow"))
FEATURES = (Number("size", minimum=0, maximum=10), Number("count", integer=True), Category("shape", ("round", "flat")))
HEADER = "color,size,count,shape"
GOOD = f"{HEADER}\ngreen,1.5,7,round\nyellow,,,\n"

Edit = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good data set of two rows in each set."""
    monkeypatch.setattr("model.features.TARGET", TARGET)
    monkeypatch.setattr("model.features.FEATURES", FEATURES)
    write_dataset(tmp_path, 2)
    for file in tmp_path.glob("*/*.csv"):
        file.write_text(GOOD)
    return tmp_path


def problems(folder: Path) -> list[str]:
    try:
        list(prepared.check(folder, "refused:", "mend it"))
    except InputError as error:
        head, *lines, remedy = str(error).splitlines()
        assert (head, remedy) == ("refused:", "mend it")
        return [line.strip() for line in lines]
    return []


def test_a_good_data_set_has_no_problem(folder: Path) -> None:
    assert list(prepared.check(folder, "refused:")) == [
        "checking train",
        "checking validation",
        "checking test",
        "checking baseline",
    ]


@pytest.mark.parametrize("text", [GOOD.replace("\n", "\r\n"), GOOD.replace("green", '"green"'), GOOD + "\n\n"])
def test_other_spellings_that_the_training_reads_are_accepted(folder: Path, text: str) -> None:
    (folder / "test" / "test.csv").write_bytes(text.encode())
    assert problems(folder) == []


def cells(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


WRONG_ROWS = [
    (cells("green,1,7,oval", "green,1,7,flat"), 'row 1 (line 2), column shape: found "oval", allowed is one of round, flat'),
    (cells("green,1,7,flat", "green,big,7,flat"), 'row 2 (line 3), column size: found "big", allowed is a number, at least 0'),
    (cells("green,11,7,flat"), 'row 1 (line 2), column size: found "11", allowed is a number, at least 0, at most 10'),
    (cells("green,1,7.5,flat"), 'row 1 (line 2), column count: found "7.5", allowed is an integer'),
    (cells("blue,1,7,flat"), 'row 1 (line 2), column color: found "blue", allowed is one of green, yellow'),
    (cells("green,1,7,flat", ",1,7,flat"), "row 2 (line 3), column color: found nothing, allowed is one of green, yellow"),
    (cells("green,1,7"), "row 1 (line 2), found 3 columns, expected 4 (color, size, count, shape)"),
    (cells("green,1,7,flat", '"green,1,7,flat'), "row 2 (line 3), not CSV"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), WRONG_ROWS)
def test_a_wrong_value_is_refused_in_the_words_of_the_training(folder: Path, text: str, problem: str) -> None:
    file = folder / "validation" / "validation.csv"
    file.write_text(text)
    (found,) = problems(folder)
    assert found.startswith(f"validation/validation.csv: {problem}")
    with pytest.raises(InputError, match=re.escape(f"validation.csv: {problem}")):
        read([file], FEATURES, TARGET)


def rewrite(name: str, text: str) -> Edit:
    return lambda folder: (folder / name / f"{name}.csv").write_text(text)


def describe(**changes: object) -> Edit:
    def edit(folder: Path) -> None:
        file = folder / "dataset.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return edit


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (rewrite("train", f"{HEADER}\n"), "train/train.csv: found no rows; allowed are one or more"),
        (rewrite("train", f"{HEADER}\n\n"), "train/train.csv: found no rows"),
        (rewrite("train", ""), "train/train.csv: no column color, size, count, shape; found nothing; allowed is a first line"),
        (rewrite("test", "color,size,count\n"), "test/test.csv: no column shape; found color, size, count; allowed is a first"),
        (rewrite("test", f"{HEADER},note\ngreen,1,7,flat,x\ngreen,1,7,flat,x\n"), "test/test.csv: found the column note; allowed"),
        (rewrite("test", f"{HEADER},size\ngreen,1,7,flat,1\ngreen,1,7,flat,1\n"), "test/test.csv: found the column size twice"),
        (rewrite("test", "size,color,count,shape\n1,green,7,flat\n1,green,7,flat\n"), "test/test.csv: column 1: found size, allowed is color"),
        (lambda folder: (folder / "test" / "test.csv").unlink(), "test/test.csv: No such file or directory; allowed is a CSV file"),
        (lambda folder: (folder / "test" / "more.csv").write_text(GOOD), "test/more.csv: not a file of a data set; allowed is one"),
        (lambda folder: (folder / "test" / "test.csv").write_bytes(GOOD.encode() + b"\xe9\n"), "test/test.csv: line 4: found bytes that are not UTF-8"),
        (lambda folder: (folder / "test" / "test.csv").write_bytes(GOOD.encode("utf-16")), "test/test.csv: line 1: found bytes that are not UTF-8"),
        (rewrite("test", "\ufeff" + GOOD), r"test/test.csv: no column color; found \ufeffcolor, size"),
        (rewrite("test", cells("green,1,7,flat")), "dataset.json: rows: found 2 for test; allowed is the number of rows in its file, 1"),
        (describe(rows={"train": "many"}), "dataset.json: rows: found {'train': 'many'}; allowed is an object of integers"),
        (describe(synthetic="no"), "dataset.json: synthetic: found 'no'; allowed is true or false"),
        (lambda folder: (folder / "dataset.json").write_text("{"), "dataset.json: Expecting property name"),
        (lambda folder: (folder / "dataset.json").write_text("[]"), "dataset.json: found list; allowed is an object"),
    ],
)  # fmt: skip
def test_a_set_that_cannot_be_released_is_named(folder: Path, edit: Edit, problem: str) -> None:
    edit(folder)
    (found,) = problems(folder)
    assert found.startswith(problem)


def test_the_first_wrong_value_of_each_column_is_shown_and_the_others_are_counted(folder: Path) -> None:
    rows = ["green,1,7,flat", *["green,1,7,oval"] * 3, "green,99,7,oval", "red,1,7,flat"]
    rewrite("train", cells(*rows))(folder)
    assert [found.partition(", allowed")[0] for found in problems(folder)] == [
        'train/train.csv: row 6 (line 7), column color: found "red"',
        'train/train.csv: row 5 (line 6), column size: found "99"',
        'train/train.csv: row 2 (line 3), column shape: found "oval"',
    ]
    assert problems(folder)[2].endswith("; 3 more rows have such a fault")


def test_few_of_many_problems_are_shown(folder: Path) -> None:
    for name in ("train", "validation", "test", "baseline"):
        rewrite(name, cells("red,-1,7.5,oval"))(folder)
    assert len(problems(folder)) == 9
    assert problems(folder)[-1] == "… and 4 more"


def test_a_wrong_value_of_train_is_not_repeated_for_its_part_the_baseline(folder: Path) -> None:
    rewrite("train", cells("green,1,7,oval", "green,1,7,oval"))(folder)
    rewrite("baseline", cells("green,-5,7,flat", "green,1,7,oval"))(folder)
    assert [found.partition(", allowed")[0] for found in problems(folder)] == [
        'train/train.csv: row 1 (line 2), column shape: found "oval"',
        'baseline/baseline.csv: row 1 (line 2), column size: found "-5"',
    ]


def test_rows_are_numbered_in_the_whole_file_although_it_is_read_in_parts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csvfile, "_CHARACTERS_AT_ONCE", 40)
    rewrite("train", cells(*["green,1,7,flat"] * 20, "green,1,7,oval", *["green,1,7,flat"] * 20, "green,1,7,oval"))(
        folder
    )
    (found,) = problems(folder)
    assert found.startswith("train/train.csv: row 21 (line 22), column shape")
    assert found.endswith("; 1 more row has such a fault")


def test_very_many_wrong_values_are_counted_as_at_least(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvfile, "_MOST_ERRORS", 5)
    rewrite("train", cells(*["green,1,7,oval"] * 10))(folder)
    (found,) = problems(folder)
    assert found.endswith("; at least 9 more rows have such a fault")


def test_long_lists_of_what_is_allowed_are_cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = tuple(Number(f"measurement_{number}") for number in range(2000))
    monkeypatch.setattr("model.features.FEATURES", columns)
    found = problems(folder)
    assert len(found) == 4
    assert all(len(line) < 700 for line in found)


def prepare_as(monkeypatch: pytest.MonkeyPatch, function: Callable[[Path], Mapping[str, Any] | None]) -> None:
    monkeypatch.setattr(data, "prepare", lambda source, out, on_progress: function(out))


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (
            lambda out: {}["temperature"],
            r"prepare failed for pumps\.csv: KeyError: 'temperature'.*; allowed is DataError",
        ),
        (lambda out: None, "prepare returned no description of the data set:\nfound NoneType; allowed is an object"),
        (lambda out: {"source": "x", "synthetic": False, "rows": {}}, "dropped: found nothing; allowed is an object"),
        (
            lambda out: {"source": "x", "synthetic": False, "rows": {}, "dropped": {}},
            r"prepare wrote no dataset\.json that can be read",
        ),
    ],
)
def test_a_prepare_that_does_not_fulfil_the_contract_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: Callable, problem: str
) -> None:
    prepare_as(monkeypatch, function)
    with pytest.raises(InputError, match=rf"(?s)^data/__init__\.py: .*{problem}"):
        prepared.prepare("pumps.csv", tmp_path, lambda message: None)


def test_a_data_set_replaces_another_and_keeps_files_that_belong_to_none(tmp_path: Path) -> None:
    new, folder = write_dataset(tmp_path / "new", 3), write_dataset(tmp_path / "folder", 2)
    (folder / "train" / "old.csv").write_text("")
    (folder / "notes.txt").write_text("mine")
    prepared.move(new, folder)
    assert json.loads((folder / "dataset.json").read_text())["rows"]["train"] == 3
    assert len((folder / "train" / "train.csv").read_text().splitlines()) == 4
    assert not (folder / "train" / "old.csv").exists()
    assert (folder / "notes.txt").read_text() == "mine"


def test_folders_that_are_named_like_sets_but_are_no_data_set_keep_their_files(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "test_own.py").write_text("mine")
    prepared.move(write_dataset(tmp_path / "new"), tmp_path)
    assert (tmp_path / "test" / "test_own.py").read_text() == "mine"
    assert (tmp_path / "test" / "test.csv").is_file() and (tmp_path / "dataset.json").is_file()


def test_a_data_set_is_checked_without_numpy(tmp_path: Path) -> None:
    check = f"list(prepared.check(pathlib.Path({str(write_dataset(tmp_path))!r}), 'refused:'))"
    program = f"import pathlib, sys; sys.modules['numpy'] = None; from mlops import prepared; {check}"
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)
