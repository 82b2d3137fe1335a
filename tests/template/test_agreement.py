"""The template's hook and the configuration of a generated repository have the same rules for the answers."""

import random

import pre_gen_project as hook
import pytest
from pydantic import ValidationError
from test_hooks import GOOD

from mlops.configuration.models import Project
from mlops.names import BUCKET_FOLDERS

SEEDS = {
    "project": ["taxi-fares", "a", "x" * 23, "x" * 24, "", *BUCKET_FOLDERS, "models-2", "Models"],
    "model": ["total-amount", "y" * 20, "y" * 21, "2-fast"],
    "region": [
        "us-east-1",
        "us-east-10",
        "us-east-0",
        "abc-east-1",
        "us-gov-west-1",
        "us-isob-east-1",
        "eusc-de-east-1",
    ],
    "notification_email": [
        "team@example.com",
        "a@b",
        "a+b@c.d-e.fg",
        "a b@c.de",
        f"{'a' * 249}@b.cd",
        f"{'a' * 248}@b.cd",
    ],
    "github_owner": ["Some-Body", "a--b", "-a", "a-", "o" * 39, "o" * 40],
    "github_repository": ["Taxi_fares.2", ".", "..", "...", ".git", "-", "r" * 100, "r" * 101],
}
ALPHABET = "abzAZ0129-._@+ /\\\n\u0661é"


def answers(question: str) -> list[str]:
    """The seeds, and many texts that differ from a seed in a few characters; the same texts each time."""
    draw = random.Random(question)
    texts = list(SEEDS[question])
    for _ in range(3000):
        text = list(draw.choice(SEEDS[question]))
        for _ in range(draw.randint(1, 3)):
            position = draw.randint(0, len(text))
            text[position : position + draw.randint(0, 1)] = draw.choice(["", draw.choice(ALPHABET)])
        texts.append("".join(text))
    return texts


def is_configuration(answers: dict[str, str]) -> bool:
    try:
        Project.model_validate(answers)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("question", GOOD)
def test_the_hook_accepts_exactly_the_answers_that_the_configuration_accepts(question: str) -> None:
    judged = {text: not hook.problems({**GOOD, question: text}) for text in answers(question)}
    assert {True, False} <= set(judged.values())
    assert [text for text, good in judged.items() if is_configuration({**GOOD, question: text}) != good] == []


@pytest.mark.parametrize("question", GOOD)
def test_the_hook_and_the_configuration_say_in_the_same_words_what_is_allowed(question: str) -> None:
    [problem] = hook.problems({**GOOD, question: "-"}) or hook.problems({**GOOD, question: ".."})
    assert Project.model_fields[question].description in problem


def test_the_hook_reserves_the_folders_of_the_bucket() -> None:
    assert hook.RESERVED == BUCKET_FOLDERS
