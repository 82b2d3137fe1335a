"""The document itself."""

from __future__ import annotations

import json
from typing import Any


def render(document: dict[str, Any]) -> str:
    """The document as JSON, for programs."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
