"""The results of QA: checks with value and bound, written to qa.json."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Check:
    """One check. `value` is the measured one; `message` is a sentence with value and bound, passed or not."""

    name: str
    passed: bool
    value: float | str | None
    bound: float | str | None
    unit: str
    message: str


@dataclass
class Result:
    """The results of one run. `accuracy` and `load` are None when they were not measured."""

    endpoint: str
    execution_id: str
    started: datetime
    on_check: Callable[[Check], None]
    checks: list[Check] = field(default_factory=list)
    accuracy: dict[str, float] | None = None
    load: dict[str, Any] | None = None
    ended: datetime | None = None

    @property
    def passed(self) -> bool:
        """Whether there are checks and none failed."""
        return bool(self.checks) and not self.failed

    @property
    def failed(self) -> list[Check]:
        return [check for check in self.checks if not check.passed]

    def add(self, *checks: Check) -> None:
        """Record checks and pass each to `on_check`."""
        for check in checks:
            self.checks.append(check)
            self.on_check(check)

    def write(self, file: Path) -> None:
        """Write qa.json."""
        content = {
            "passed": self.passed,
            "endpoint": self.endpoint,
            "execution_id": self.execution_id,
            "started": self.started,
            "ended": self.ended,
            "checks": [asdict(check) for check in self.checks],
            "accuracy": self.accuracy,
            "load": self.load,
        }
        file.write_text(json.dumps(content, indent=2, default=datetime.isoformat) + "\n", encoding="utf-8")
