"""AWS's consoles, for links. A local cloud has none."""

from __future__ import annotations

from urllib.parse import urlsplit

# By the domain of a partition's APIs.
_CONSOLES = {"amazonaws.com": "console.aws.amazon.com", "amazonaws.com.cn": "console.amazonaws.cn"}
_GOVERNMENT = "console.amazonaws-us-gov.com"


def host(api: str, region: str) -> str | None:
    """The console of the partition that an API's URL belongs to; None for a URL outside AWS."""
    hostname = urlsplit(api).hostname or ""
    console = next((name for domain, name in _CONSOLES.items() if hostname.endswith(f".{domain}")), None)
    return _GOVERNMENT if console and region.startswith("us-gov-") else console
