"""Who requests a release or a rollback, and why: part of the execution's variables, its approval and its messages."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass

# CodePipeline limits the approval's text, which contains all three, to 1,000 characters.
_LONGEST = {"StartedBy": 60, "Reason": 250, "Link": 250}


@dataclass(frozen=True)
class RequestedBy:
    """`link` is the page of the workflow's run, "none" on a terminal."""

    started_by: str
    reason: str
    link: str

    @property
    def variables(self) -> dict[str, str]:
        """The pipeline's variables StartedBy, Reason and Link."""
        values = {"StartedBy": self.started_by, "Reason": self.reason, "Link": self.link}
        return {name: _cut(" ".join(value.split()), _LONGEST[name]) for name, value in values.items()}

    def __str__(self) -> str:
        return ", ".join([f"by {self.started_by}", self.reason, *([self.link] if self.link != "none" else [])])


def of_this_call(reason: str = "") -> RequestedBy:
    """The actor of the workflow's run, from GitHub's default variables, or the user of this terminal."""
    actor = os.environ.get("GITHUB_ACTOR")
    if not actor:
        return RequestedBy(_user(), reason or "none given", "none")
    server, repository, run = (
        os.environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    event = os.environ.get("GITHUB_EVENT_NAME", "")
    return RequestedBy(actor, reason or event or "none given", f"{server}/{repository}/actions/runs/{run}")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, in a container
        return "unknown"
