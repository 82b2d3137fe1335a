"""The document as JSON."""

from __future__ import annotations

import json
from typing import Any


def render(document: dict[str, Any]) -> str:
    """JSON without the baseline, which has a separate report."""
    own = {name: value for name, value in document.items() if name != "baseline"}
    return json.dumps(own, indent=2, ensure_ascii=False) + "\n"
