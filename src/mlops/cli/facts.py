"""Words and forms in which the terminal shows the facts of a release."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import datetime
from typing import Any

from mlops.cli import console
from mlops.release.versions import Version

_DIGIT = "[0-9a-f]"


def when(moment: datetime | str | None) -> str:
    """A time in the zone of this terminal, to the minute; empty without one."""
    if not moment:
        return ""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def number(value: float | None) -> str:
    """A metric's value in four significant digits; empty without one."""
    return "" if value is None else f"{value:.4g}"


def commit(name: str) -> str:
    """The first characters of a commit's id, with its mark of uncommitted changes."""
    return name[:7] + name[40:] if re.match("[0-9a-f]{8}", name) else name[:11]


def commit_link(version: Version) -> str:
    """The page of the commit; empty where the release has uncommitted changes or no commit, or no repository is known."""
    is_commit = re.fullmatch(f"{_DIGIT}{{40}}", version.commit_id) is not None
    return f"{version.repository}/commit/{version.commit_id}" if version.repository and is_commit else ""


def image(uri: str) -> str:
    """The digest of an image, or its URI where that has none."""
    _, at, digest = uri.partition("@")
    return digest if at else uri


def uri(whole: str) -> str:
    """An S3 URI without its bucket, and with the first eight digits of an execution's id."""
    return re.sub(
        rf"({_DIGIT}{{8}})-(?:{_DIGIT}{{4}}-){{3}}{_DIGIT}{{12}}", r"\1…", re.sub("^s3://[^/]+/", "s3://…/", whole)
    )


def approver(version: Version) -> str:
    """The approver; "none" where the approval timed out, or the release was stopped."""
    if version.approval is None:
        return ""
    return version.approval.approver or "none"


def say_json(content: Any) -> None:
    """Print data classes as JSON; times are ISO 8601."""
    if dataclasses.is_dataclass(content) and not isinstance(content, type):
        content = dataclasses.asdict(content)
    console.write(json.dumps(content, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
