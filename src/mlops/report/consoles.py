"""AWS's consoles: what runs elsewhere, in a local cloud, has none, and gets no link to one."""

from __future__ import annotations

from urllib.parse import urlsplit

# By the domain of a partition's APIs.
_CONSOLES = {"amazonaws.com": "console.aws.amazon.com", "amazonaws.com.cn": "console.amazonaws.cn"}
_GOVERNMENT = "console.amazonaws-us-gov.com"


def host(api: str, region: str) -> str | None:
    """The console of the partition that an API belongs to; None where there is none."""
    called = urlsplit(api).hostname or ""
    found = next((console for domain, console in _CONSOLES.items() if called.endswith(f".{domain}")), None)
    return _GOVERNMENT if found and region.startswith("us-gov-") else found
