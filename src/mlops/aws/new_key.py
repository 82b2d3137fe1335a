"""Retries calls in the first minutes of a bucket's key, while KMS may not yet apply policies that name its alias.

Source: AWS KMS Developer Guide, "ABAC for AWS KMS": it might take up to five minutes for changes of tags and aliases to
affect the authorization of a key. The policies of GitHub's roles name the key by its alias.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from mlops.aws import stacks
from mlops.aws.session import AWSError, Session

Result = TypeVar("Result")

_KNOWN_AFTER = timedelta(minutes=6)
_PAUSE_SECONDS = 10.0
_DENIED = {"AccessDenied", "403"}


def call(
    session: Session,
    stack: str,
    use: Callable[[], Result],
    *,
    pause: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Generator[str, None, Result]:
    """Call `use` again while it is denied and the stack with the key is new. Returns its result.

    Yields a text before each pause. A denial is final when the stack is older or does not exist.
    """
    while True:
        try:
            return use()
        except AWSError as error:
            if error.code not in _DENIED or not _is_new(session, stack, now()):
                raise
        yield "AWS has not applied the permissions of the new key yet; trying again"
        pause(_PAUSE_SECONDS)


def _is_new(session: Session, stack: str, now: datetime) -> bool:
    described = stacks.describe(session, stack)
    return described is not None and now - described["CreationTime"] < _KNOWN_AFTER
