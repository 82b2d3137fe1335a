"""Pages of the list operations of every service."""

import re
from collections.abc import Sequence
from typing import Any

from mlops.localcloud.errors import InvalidRequest

_TOKEN = re.compile(r"from-(\d{1,9})")


def page(request: dict, items: Sequence[Any], member: str, size: int) -> dict:
    """One page of the items as the response, with a token when more follow. `size` is the service's own.

    The members are written as the service writes `member`: NextToken and MaxResults, or nextToken and maxResults.
    Raises InvalidRequest for an unknown token.
    """
    token_name, size_name = ("nextToken", "maxResults") if member[0].islower() else ("NextToken", "MaxResults")
    start, count = _start(request.get(token_name)), request.get(size_name, size)
    answer: dict = {member: items[start : start + count]}
    if start + count < len(items):
        answer[token_name] = f"from-{start + count}"
    return answer


def _start(token: str | None) -> int:
    if token is None:
        return 0
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise InvalidRequest("The pagination token is not valid", "InvalidNextTokenException", "InvalidInputException")
    return int(match[1])
