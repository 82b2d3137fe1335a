"""Refuses answers from which AWS or GitHub could not make names later, and says what is allowed.

The limits are those of the longest name made of an answer: a tuning job (32 characters) is named
{project}-{8 characters}, a bucket (63) {project}-{account, 12}-{region, up to 14}, an endpoint (63)
{project}-{model}-production; stacks (128), Lambda functions and IAM roles (64) have more room.
"""

import re
import sys

WORDS = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
REGION = re.compile(r"[a-z]{2,3}(-[a-z]+)+-[1-9][0-9]?")
EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
OWNER = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
REPOSITORY = re.compile(r"[A-Za-z0-9._-]+")
LONGEST_PROJECT = 23
LONGEST_MODEL = 20
LONGEST_REGION = 14
LONGEST_OWNER = 39
LONGEST_REPOSITORY = 100


def words(question: str, answer: str, longest: int) -> str | None:
    """What is wrong with a name of words joined by hyphens, or nothing."""
    if WORDS.fullmatch(answer) and len(answer) <= longest:
        return None
    return (
        f"{question}: {answer!r} has {len(answer)} characters. Allowed are 1 to {longest}: lower-case letters, "
        "digits and single hyphens between them, beginning with a letter, such as 'taxi-fares'."
    )


def region(answer: str) -> str | None:
    """What is wrong with the name of a region, or nothing."""
    if REGION.fullmatch(answer) and len(answer) <= LONGEST_REGION:
        return None
    return f"region: {answer!r} is no AWS region. Allowed is a region's code, such as 'us-east-1' or 'eu-central-1'."


def email(answer: str) -> str | None:
    """What is wrong with an e-mail address, or nothing."""
    if EMAIL.fullmatch(answer):
        return None
    return f"notification_email: {answer!r} is no e-mail address. Allowed is one, such as 'team@example.com'."


def owner(answer: str) -> str | None:
    """What is wrong with the name of a GitHub user or organisation, or nothing."""
    if OWNER.fullmatch(answer) and len(answer) <= LONGEST_OWNER:
        return None
    return (
        f"github_owner: {answer!r} is no GitHub user or organisation. Allowed are 1 to {LONGEST_OWNER} letters, "
        "digits and single hyphens between them."
    )


def repository(answer: str) -> str | None:
    """What is wrong with the name of a GitHub repository, or nothing."""
    if REPOSITORY.fullmatch(answer) and len(answer) <= LONGEST_REPOSITORY and answer not in (".", ".."):
        return None
    return (
        f"github_repository: {answer!r} is no repository's name. Allowed are 1 to {LONGEST_REPOSITORY} letters, "
        "digits, hyphens, underscores and dots, without the owner."
    )


def problems(answers: dict[str, str]) -> list[str]:
    """What is wrong with the answers, one sentence each."""
    found = [
        words("project", answers["project"], LONGEST_PROJECT),
        words("model", answers["model"], LONGEST_MODEL),
        region(answers["region"]),
        email(answers["notification_email"]),
        owner(answers["github_owner"]),
        repository(answers["github_repository"]),
    ]
    return [problem for problem in found if problem]


if __name__ == "__main__":
    wrong = problems(
        {
            "project": """{{ cookiecutter.project }}""",
            "model": """{{ cookiecutter.model }}""",
            "region": """{{ cookiecutter.region }}""",
            "notification_email": """{{ cookiecutter.notification_email }}""",
            "github_owner": """{{ cookiecutter.github_owner }}""",
            "github_repository": """{{ cookiecutter.github_repository }}""",
        }
    )
    if wrong:
        sys.exit("\n".join(["Nothing was generated:", *wrong]))
