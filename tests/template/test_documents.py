"""The commands and the code of a generated repository's documents work as written."""

from __future__ import annotations

from pathlib import Path

import pytest
from baking import bake
from recipes import follow, run

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which docs/bring-your-own-model.md was followed."""
    return bake(tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="module")
def commands(repository: Path) -> list[str]:
    """The commands of the document, which have all succeeded."""
    return follow(repository, "docs/bring-your-own-model.md")


def test_the_recipe_ends_with_a_repository_that_keeps_the_contract(commands: list[str]) -> None:
    assert commands[-3:] == ["mlops check", "python -m pytest tests/model", "mlops data prepare"]


def test_the_example_is_as_small_as_it_claims_to_be(repository: Path, commands: list[str]) -> None:
    files = [repository / "data" / "__init__.py", *(repository / "model").glob("*.py")]
    lines = [line for file in files for line in file.read_text().splitlines() if line.strip()]
    assert len(lines) <= 80
    assert not [line for line in lines if "xgboost" in line]


def test_a_source_without_the_columns_is_refused_with_those_that_are_allowed(
    repository: Path, commands: list[str]
) -> None:
    (repository / "pumps.csv").write_text("id,fails\n1,no\n")
    (repository / "excel.csv").write_text("fails,temperature\nno,70\n", encoding="utf-16")
    refused = run(repository, "mlops data prepare pumps.csv", exit_code=2)
    assert "pumps.csv: KeyError('temperature'); allowed is a CSV file with the columns fails, temperature" in refused
    assert "excel.csv: UnicodeDecodeError" in run(repository, "mlops data prepare excel.csv", exit_code=2)


def test_the_example_is_released_to_production_in_the_local_cloud(repository: Path, commands: list[str]) -> None:
    load = repository / "configuration" / "qa.yml"
    load.write_text(load.read_text().replace("duration_seconds: 15", "duration_seconds: 5"))
    output = run(repository, "mlops local run --approve")
    assert "The release has succeeded" in output and "Production answers" in output
