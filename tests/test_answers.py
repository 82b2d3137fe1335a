"""Which answers are accepted, and what is said of the others."""

import json
import sys
from pathlib import Path

import pytest
from baking import GENERATED, TEMPLATE, bake
from cookiecutter.exceptions import FailedHookException
from pydantic import ValidationError

sys.path.insert(0, str(GENERATED))
sys.path.insert(0, str(TEMPLATE / "hooks"))

import pre_gen_project as hook
from mlops.configuration import Project

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
def test_good_answers_generate_a_repository_that_says_them(tmp_path: Path, answers: dict[str, str]) -> None:
    repository = bake(tmp_path, **answers)
    said = json.loads((repository / "configuration" / "project.json").read_text())
    assert answers.items() <= said.items()


@pytest.mark.parametrize(
    ("answers", "question", "allowed"), REFUSED, ids=lambda value: named(value) if isinstance(value, dict) else ""
)
def test_bad_answers_generate_nothing_and_say_what_is_allowed(
    tmp_path: Path, capfd: pytest.CaptureFixture, answers: dict[str, str], question: str, allowed: str
) -> None:
    with pytest.raises(FailedHookException):
        bake(tmp_path, **answers)
    said = capfd.readouterr().err
    assert f"{question}: " in said and allowed in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "answers",
    [
        *ACCEPTED,
        *(answers for answers, _, _ in REFUSED),
        {"region": "eu-west-\u0661"},
        {"region": "us-iso-east-1"},
        {"notification_email": "a b@example.com"},
        {"github_owner": "some--body"},
        {"github_repository": "."},
    ],
    ids=named,
)
def test_the_configuration_accepts_the_answers_that_the_hook_accepts(answers: dict[str, str]) -> None:
    checks = {
        "project": lambda answer: hook.words("project", answer, hook.LONGEST_PROJECT),
        "model": lambda answer: hook.words("model", answer, hook.LONGEST_MODEL),
        "region": hook.region,
        "notification_email": hook.email,
        "github_owner": hook.owner,
        "github_repository": hook.repository,
    }
    refused = {question for question, answer in answers.items() if checks[question](answer)}
    # Empty answers are refused, so there is an error in any case.
    with pytest.raises(ValidationError) as raised:
        Project.model_validate(dict.fromkeys(Project.model_fields, "") | answers)
    assert {detail["loc"][0] for detail in raised.value.errors()} & set(answers) == refused


def test_all_wrong_answers_are_named_at_once(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    with pytest.raises(FailedHookException):
        bake(tmp_path, project="Taxi", notification_email="nobody")
    said = capfd.readouterr().err
    assert "project: " in said and "notification_email: " in said


def test_every_question_has_a_prompt_for_people() -> None:
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
