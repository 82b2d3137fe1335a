"""The answers to cookiecutter's questions: which are accepted, and the errors for the others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from baking import TEMPLATE, bake
from cookiecutter.exceptions import FailedHookException

ACCEPTED = [
    {"project": "a"},
    {"project": "x" * 23, "model": "y" * 20, "region": "ap-southeast-1"},
    {"project": "fares-2-go"},
    {"region": "us-gov-west-1"},
    {"notification_email": "ml.team+alerts@sub.example.co.uk"},
    {"github_owner": "Some-Body", "github_repository": "Taxi_fares.2"},
]
REFUSED = [
    ({"project": "x" * 24}, "project", "1 to 23"),
    ({"project": "Taxi"}, "project", "lower-case"),
    ({"project": "models"}, "project", "any other name than"),
    ({"project": "taxi_fares"}, "project", "hyphens"),
    ({"project": "2-taxi"}, "project", "beginning with a letter"),
    ({"project": "taxi-"}, "project", "hyphens between"),
    ({"project": "taxi--fares"}, "project", "single hyphens"),
    ({"model": "y" * 21}, "model", "1 to 20"),
    ({"model": "total amount"}, "model", "hyphens"),
    ({"region": "Frankfurt"}, "region", "eu-central-1"),
    ({"region": "us-east-1a"}, "region", "us-east-1"),
    ({"notification_email": "team"}, "notification_email", "team@example.com"),
    ({"notification_email": "a@b"}, "notification_email", "team@example.com"),
    ({"github_owner": "some_body"}, "github_owner", "single hyphens"),
    ({"github_owner": "o" * 40}, "github_owner", "1 to 39"),
    ({"github_repository": "owner/name"}, "github_repository", "without the owner"),
    ({"github_repository": ".."}, "github_repository", "without the owner"),
]


def named(answers: dict[str, str]) -> str:
    return ",".join(f"{question}={answer}" for question, answer in answers.items())


@pytest.mark.parametrize("answers", ACCEPTED, ids=named)
def test_good_answers_are_in_the_configuration_of_the_repository(tmp_path: Path, answers: dict[str, str]) -> None:
    repository = bake(tmp_path, **answers)
    configured = json.loads((repository / "configuration" / "project.json").read_text())
    assert answers.items() <= configured.items()


@pytest.mark.parametrize(
    ("answers", "question", "allowed"), REFUSED, ids=lambda value: named(value) if isinstance(value, dict) else ""
)
def test_bad_answers_are_refused_with_what_is_allowed(
    tmp_path: Path, capfd: pytest.CaptureFixture, answers: dict[str, str], question: str, allowed: str
) -> None:
    with pytest.raises(FailedHookException):
        bake(tmp_path, **answers)
    errors = capfd.readouterr().err
    assert f"{question}: " in errors and allowed in errors
    assert "Traceback" not in errors
    assert not list(tmp_path.iterdir())


HOSTILE = {
    "project": 'x"""+str(__import__("os").mkdir("ran"))+"""',
    "model": "a\\x2db",
    "notification_email": '"""); __import__("os").mkdir("ran")  # \\N{QUOTATION MARK}',
    "github_owner": "\U0001f695'\\",
    "github_repository": "a\\\nb",
}


@pytest.mark.parametrize("question", HOSTILE)
def test_code_in_an_answer_is_refused_and_not_run(
    tmp_path: Path, capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    ran = tmp_path / "ran"
    hostile = HOSTILE[question].replace('"ran"', f'"{ran}"') if question == "notification_email" else HOSTILE[question]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FailedHookException):
        bake(tmp_path / "out", **{question: hostile})
    assert f"{question}: {hostile!r} " in capfd.readouterr().err
    assert list(tmp_path.rglob("ran")) == []


@pytest.mark.parametrize("project", ["x/..", "x/../..", "x/../../home", "x/./../../..", "a/b/../../.."])
def test_an_answer_with_a_path_out_of_the_output_directory_deletes_nothing(tmp_path: Path, project: str) -> None:
    output = tmp_path / "home" / "work" / "out"
    mine = [folder / "mine.txt" for folder in (tmp_path, tmp_path / "home", output.parent, output)]
    output.mkdir(parents=True)
    for file in mine:
        file.write_text("mine")
    environment = {**os.environ, "HOME": str(tmp_path / "settings")}
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "--output-dir", str(output), str(TEMPLATE)]
    answers = [f"project={project}", "github_repository=fares"]
    done = subprocess.run([*command, *answers], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "already exists" in done.stdout or "leads out of the directory" in done.stderr.splitlines()[-1]
    assert [file.read_text() for file in mine] == ["mine"] * len(mine)
    assert not list(tmp_path.rglob("README.md"))


def test_all_wrong_answers_are_named_at_once(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    with pytest.raises(FailedHookException):
        bake(tmp_path, project="Taxi", notification_email="nobody")
    errors = capfd.readouterr().err
    assert "project: " in errors and "notification_email: " in errors


def test_every_question_has_a_prompt() -> None:
    questions = json.loads((TEMPLATE / "cookiecutter.json").read_text())
    asked = [name for name in questions if not name.startswith("_")]
    assert sorted(asked) == sorted(questions["__prompts__"])


@pytest.mark.parametrize(
    ("license_", "first_words"), [("MIT", "MIT License"), ("Apache-2.0", "Apache License"), ("Proprietary", None)]
)
def test_the_chosen_licence_is_the_only_one(tmp_path: Path, license_: str, first_words: str | None) -> None:
    repository = bake(tmp_path, license=license_)
    text = repository / "LICENSE"
    assert (text.read_text().split("\n")[0].strip() if text.exists() else None) == first_words
    assert not (repository / "licenses").exists()
