"""List operations: filters, order and pages, the same for every kind of resource."""

from collections.abc import Callable, Iterable
from typing import Any

from mlops.localcloud import paging

_PAGE = 10
_TIME_FILTERS = {
    "CreationTimeAfter": ("CreationTime", False),
    "CreationTimeBefore": ("CreationTime", True),
    "LastModifiedTimeAfter": ("LastModifiedTime", False),
    "LastModifiedTimeBefore": ("LastModifiedTime", True),
}


def select(request: dict, summaries: Iterable[dict], name: str, status: str | None = None) -> list[dict]:
    """The summaries that a request's filters leave, in its order; newest first by default, as AWS lists jobs.

    `name` and `status` are the members of a summary that hold them. A summary without a sorted-by member is last.
    """
    chosen = [item for item in summaries if _matches(request, item, name, status)]
    member = {"Name": name, "Status": status}.get(request.get("SortBy", "CreationTime"), "CreationTime")
    return ordered(request, chosen, lambda item: item.get(member))


def ordered(request: dict, items: list[dict], key: Callable[[dict], Any]) -> list[dict]:
    """Items by `key` in the request's SortOrder; those without a key come last."""
    descending = request.get("SortOrder", "Descending") == "Descending"
    with_key = sorted((item for item in items if key(item) is not None), key=key, reverse=descending)
    return with_key + [item for item in items if key(item) is None]


def page(request: dict, items: list[dict], member: str) -> dict:
    """One page of the items as the response, with NextToken when more follow."""
    return paging.page(request, items, member, _PAGE)


def _matches(request: dict, item: dict, name: str, status: str | None) -> bool:
    if request.get("NameContains", "").lower() not in item[name].lower():
        return False
    if status and request.get("StatusEquals", item[status]) != item[status]:
        return False
    for parameter, (member, before) in _TIME_FILTERS.items():
        bound = request.get(parameter)
        if bound is not None and (item[member] >= bound if before else item[member] <= bound):
            return False
    return True
