"""Refuses answers that AWS or GitHub would refuse later as part of a name; the messages list what is allowed.

The limits follow from the longest names that contain an answer: a tuning job (32 characters) is named
{project}-{8 characters}, a bucket (63) {project}-{account, 12}-{region, up to 14}, an endpoint (63)
{project}-{model}-production; stacks (128), Lambda functions and IAM roles (64) have more room.
"""

# When a hook fails, cookiecutter deletes the project's directory. For a project named "x/../..", this is a parent of the
# output directory. So the next line makes the rendering of this hook fail for such a name: then nothing is deleted.
# {% if ".." in cookiecutter.project %}{{ {}.pop("Nothing was generated: project leads out of the directory") }}{% endif %}

import json
import re
import sys

# Folders of the bucket, which cannot be a project's name: CodePipeline's artifacts, which expire, are in a folder of that
# name, and all files in it expire.
RESERVED = {
    "batch",
    "capture",
    "checkpoints",
    "data",
    "datasets",
    "executions",
    "functions",
    "ground-truth",
    "lineage",
    "models",
    "monitoring",
    "releases",
    "source",
}
WORDS = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[1-9][0-9]?")
EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
OWNER = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
REPOSITORY = re.compile(r"\.*[A-Za-z0-9_-][A-Za-z0-9._-]*")
LONGEST_PROJECT = 23
LONGEST_MODEL = 20
LONGEST_REGION = 14
LONGEST_EMAIL = 254
LONGEST_OWNER = 39
LONGEST_REPOSITORY = 100


def words(question: str, answer: str, longest: int) -> str | None:
    """The error in a name of words joined by hyphens, or None."""
    if WORDS.fullmatch(answer) and len(answer) <= longest:
        return None
    return (
        f"{question}: {answer!r} has {len(answer)} characters. Allowed are 1 to {longest} characters: lower-case letters, "
        "digits and single hyphens between them, beginning with a letter, such as 'taxi-fares'."
    )


def project(answer: str) -> str | None:
    """The error in the name of a project, or None."""
    if answer not in RESERVED:
        return words("project", answer, LONGEST_PROJECT)
    return (
        f"project: {answer!r} is a folder of the bucket, whose files would expire with those of the pipeline. Allowed is "
        f"any other name than {', '.join(sorted(RESERVED))}."
    )


def region(answer: str) -> str | None:
    """The error in the name of a region, or None."""
    if REGION.fullmatch(answer) and len(answer) <= LONGEST_REGION:
        return None
    return f"region: {answer!r} is no AWS region. Allowed is a region's code, such as 'us-east-1' or 'eu-central-1'."


def email(answer: str) -> str | None:
    """The error in an e-mail address, or None."""
    if EMAIL.fullmatch(answer) and len(answer) <= LONGEST_EMAIL:
        return None
    return f"notification_email: {answer!r} is not an e-mail address. Allowed is an e-mail address, such as 'team@example.com'."


def owner(answer: str) -> str | None:
    """The error in the name of a GitHub user or organisation, or None."""
    if OWNER.fullmatch(answer) and len(answer) <= LONGEST_OWNER:
        return None
    return (
        f"github_owner: {answer!r} is no GitHub user or organisation. Allowed are 1 to {LONGEST_OWNER} letters, "
        "digits and single hyphens between them."
    )


def repository(answer: str) -> str | None:
    """The error in the name of a GitHub repository, or None."""
    if REPOSITORY.fullmatch(answer) and len(answer) <= LONGEST_REPOSITORY:
        return None
    return (
        f"github_repository: {answer!r} is not a repository's name. Allowed are 1 to {LONGEST_REPOSITORY} letters, "
        "digits, hyphens, underscores and dots, without the owner."
    )


def problems(answers: dict[str, str]) -> list[str]:
    """The errors in the answers, one message each."""
    found = [
        project(answers["project"]),
        words("model", answers["model"], LONGEST_MODEL),
        region(answers["region"]),
        email(answers["notification_email"]),
        owner(answers["github_owner"]),
        repository(answers["github_repository"]),
    ]
    return [problem for problem in found if problem]


if __name__ == "__main__":
    # Encoded twice: no answer can end the literal, and the checked answers equal those that the files are rendered with.
    wrong = problems(json.loads({{cookiecutter | tojson | tojson}}))  # noqa: F821
    if wrong:
        sys.exit("\n".join(["Nothing was generated:", *wrong]))
