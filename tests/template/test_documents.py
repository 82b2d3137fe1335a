"""The commands and the code of a generated repository's documents work as written."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from baking import bake
from commits import git
from model.features import FEATURES, TARGET
from recipes import follow, run

from mlops.contract import Category, DataError

pytestmark = pytest.mark.acceptance

GUIDE = "docs/bring-your-own-model.md"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which docs/bring-your-own-model.md was followed."""
    repository = bake(tmp_path_factory.mktemp("recipe"))
    git(repository, "init", "--quiet")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "generate from the template")
    return repository


@pytest.fixture(scope="module")
def commands(repository: Path) -> list[str]:
    """The commands of the document, which have all succeeded."""
    return follow(repository, GUIDE)


def test_the_recipe_ends_with_a_repository_that_keeps_the_contract(commands: list[str]) -> None:
    assert commands[-4:-1] == ["mlops check", "python -m pytest tests/model", "mlops data prepare"]


def test_the_last_command_finds_each_line_outside_the_replaced_files_that_speaks_of_the_example(
    repository: Path, commands: list[str]
) -> None:
    found = {":".join(line.split(":")[:2]) for line in run(repository, commands[-1]).splitlines()}
    assert {place.partition(":")[0] for place in found} == {
        "README.md",
        "docs/operations.md",
        "notebooks/mlops.ipynb",
    }
    names = [feature.name for feature in (TARGET, *FEATURES)]
    values = [value for feature in FEATURES if isinstance(feature, Category) for value in feature.values]
    words = re.compile(rf"\b({'|'.join(map(re.escape, [*names, *values]))})\b|\b(trips|rides?)\b", re.I)
    speaking = {
        f"{name}:{number}"
        for name in git(repository, "ls-files").splitlines()
        if name != GUIDE and not name.startswith(("infra/", "vendor/")) and (repository / name).is_file()
        for number, line in enumerate((repository / name).read_text(encoding="utf-8").splitlines(), start=1)
        if words.search(line)
    }
    assert speaking <= found


def test_the_example_is_as_small_as_it_claims_to_be(repository: Path, commands: list[str]) -> None:
    files = [repository / "data" / "__init__.py", *(repository / "model").glob("*.py")]
    lines = [line for file in files for line in file.read_text().splitlines() if line.strip()]
    assert len(lines) <= 80
    assert not [line for line in lines if "xgboost" in line]


ALLOWED = "; allowed is a CSV file in UTF-8, with commas, and the columns fails, temperature"


def test_a_source_without_the_columns_is_refused_with_those_that_are_allowed(
    repository: Path, commands: list[str]
) -> None:
    (repository / "pumps.csv").write_text("id,fails\n1,no\n")
    refused = run(repository, "mlops data prepare pumps.csv", exit_code=2)
    assert f"pumps.csv: no column temperature; found id, fails{ALLOWED}" in " ".join(refused.split())


@pytest.fixture
def read(repository: Path, commands: list[str]) -> Callable[[Path], list[list[str]]]:
    """The example's function that reads a CSV file."""
    return runpy.run_path(str(repository / "data" / "__init__.py"))["read"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no column fails, temperature; found an empty file"),
        ("fails;temperature\nno;70\n", "no column fails, temperature; found fails;temperature"),
        ("fails,temperature\nno,70\n".encode("utf-16"), "'utf-8' codec can't decode byte 0xff in position 0: "),
        (None, "No such file or directory"),
    ],
    ids=["empty", "semicolons", "utf-16", "missing"],
)
def test_a_file_that_is_not_a_table_of_pumps_is_refused_with_the_reason(
    tmp_path: Path, read: Callable[[Path], list[list[str]]], content: str | bytes | None, problem: str
) -> None:
    file = tmp_path / "pumps.csv"
    if content is not None:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DataError) as refused:
        read(file)
    assert str(refused.value).startswith(f"{file}: {problem}") and str(refused.value).endswith(ALLOWED)


def test_a_file_that_excel_wrote_is_read(tmp_path: Path, read: Callable[[Path], list[list[str]]]) -> None:
    (tmp_path / "pumps.csv").write_text("fails,temperature\r\nno,70\r\n", encoding="utf-8-sig", newline="")
    assert read(tmp_path / "pumps.csv") == [["no", "70"]]


def test_the_example_is_released_to_production_in_the_local_cloud(repository: Path, commands: list[str]) -> None:
    load = repository / "configuration" / "qa.yml"
    load.write_text(load.read_text().replace("duration_seconds: 15", "duration_seconds: 5"))
    output = run(repository, "mlops local run --approve")
    assert "The release has succeeded" in output and "Production answers" in output
