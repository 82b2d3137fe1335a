"""Lists that AWS returns in pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def pages(client: Any, operation: str, **request: Any) -> Iterator[dict[str, Any]]:
    """The answers to an operation such as `list_images`, page after page as they are consumed."""
    return iter(client.get_paginator(operation).paginate(**request))


def items(client: Any, operation: str, member: str, **request: Any) -> Iterator[Any]:
    """What the pages list under `member`. No page is requested before its items are consumed."""
    for page in pages(client, operation, **request):
        yield from page.get(member, [])
