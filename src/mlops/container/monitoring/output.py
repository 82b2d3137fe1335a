"""The files that a job of monitoring writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write(directory: Path, documents: Mapping[str, Any], page: str) -> None:
    """Write each document to NAME.json and the page to report.html, and print the document `metrics`."""
    for name, document in documents.items():
        (directory / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    # JSON of clients may have characters without an encoding.
    (directory / "report.html").write_text(page, encoding="utf-8", errors="replace")
    print(json.dumps(documents["metrics"]), flush=True)
