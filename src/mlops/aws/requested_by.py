"""Who or what requests a release or a rollback, and why: variables of the execution, text of approval and messages."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from typing import Literal

# What starts executions. infra/retraining.asl.json starts those of data, drift and a schedule in AWS.
Trigger = Literal["commit", "data", "drift", "manual", "schedule"]

# By the event of a workflow's run; a person starts all others.
_OF_EVENTS: dict[str, Trigger] = {"push": "commit", "schedule": "schedule"}
# CodePipeline limits the approval's text, which contains all three, to 1,000 characters.
_LONGEST = {"StartedBy": 60, "Reason": 250, "Link": 250}


@dataclass(frozen=True)
class RequestedBy:
    """`link` is the page of the workflow's run, "none" on a terminal. `trigger` is one of Trigger."""

    started_by: str
    reason: str
    link: str
    trigger: Trigger = "manual"

    @property
    def variables(self) -> dict[str, str]:
        """The pipeline's variables StartedBy, Reason, Link and Trigger."""
        values = {"StartedBy": self.started_by, "Reason": self.reason, "Link": self.link}
        cut = {name: _cut(" ".join(value.split()), _LONGEST[name]) for name, value in values.items()}
        return {**cut, "Trigger": self.trigger}

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
    page = f"{server}/{repository}/actions/runs/{run}"
    return RequestedBy(actor, reason or event or "none given", page, _OF_EVENTS.get(event, "manual"))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, in a container
        return "unknown"
