"""Unit tests of the functions in hooks/."""

import re
import subprocess
import sys
from pathlib import Path

import post_gen_project
import pre_gen_project
import pytest
from baking import GENERATED, TEMPLATE

GOOD = {
    "project": "taxi-fares",
    "model": "total-amount",
    "region": "us-east-1",
    "notification_email": "team@example.com",
    "github_owner": "example",
    "github_repository": "taxi-fares",
}


def test_good_answers_have_no_problem() -> None:
    assert pre_gen_project.problems(GOOD) == []


@pytest.mark.parametrize("question", GOOD)
def test_an_empty_answer_is_a_problem_that_names_the_question(question: str) -> None:
    [problem] = pre_gen_project.problems({**GOOD, question: ""})
    assert problem.startswith(f"{question}: ")


def test_a_multi_line_answer_is_refused() -> None:
    assert pre_gen_project.problems({**GOOD, "project": "taxi\n"})


def test_no_licence_file_remains_without_a_licence(tmp_path: Path) -> None:
    (tmp_path / "licenses").mkdir()
    (tmp_path / "licenses" / "MIT.txt").write_text("MIT")
    post_gen_project.keep_license("Proprietary", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_first_commands_are_printed_and_exist(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "--output-dir", str(tmp_path), str(TEMPLATE)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    [folder] = tmp_path.iterdir()
    assert post_gen_project.first_commands(folder) in printed
    targets = set(re.findall(r"^([a-z]+):", (GENERATED / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", printed)) <= targets
