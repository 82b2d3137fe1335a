"""GitHub as a folder: what programs/gh reads and writes, and what the tests do on its pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"
# The repository's numbers, as GitHub's tokens have them.
OWNER_ID, REPOSITORY_ID = "1001", "2002"


@dataclass(frozen=True)
class Hub:
    """One repository on GitHub."""

    folder: Path
    full_name: str

    def create(self) -> None:
        """Make the repository."""
        self._write("", {"full_name": self.full_name, "id": int(REPOSITORY_ID), "owner": {"id": int(OWNER_ID)}})

    @property
    def runs(self) -> Path:
        """The artifacts of each run, in a folder of its number."""
        return self.folder / "runs"

    def variables(self) -> dict[str, str]:
        """The repository's variables for its workflows."""
        files = self._file("/actions/variables").with_suffix("").glob("*.json")
        return {found["name"]: found["value"] for found in (json.loads(file.read_text()) for file in files)}

    def branches(self, environment: str) -> list[str]:
        """The branches that may deploy to an environment."""
        return [each["name"] for each in self._read(f"/environments/{environment}/deployment-branch-policies")]

    def set_reviewers(self, environment: str, *, required: bool) -> None:
        """Have people asked before a job of the environment runs, or not."""
        kinds = ["branch_policy", *(["required_reviewers"] if required else [])]
        found = self._read(f"/environments/{environment}")
        self._write(f"/environments/{environment}", {**found, "protection_rules": [{"type": each} for each in kinds]})

    def has_reviewers(self, environment: str) -> bool:
        """Whether people are asked before a job of the environment runs."""
        rules = self._read(f"/environments/{environment}")["protection_rules"]
        return any(rule["type"] == "required_reviewers" for rule in rules)

    def _file(self, path: str) -> Path:
        return self.folder / "api" / f"repos/{self.full_name}{path}.json"

    def _read(self, path: str) -> Any:
        return json.loads(self._file(path).read_text())

    def _write(self, path: str, value: Any) -> None:
        self._file(path).parent.mkdir(parents=True, exist_ok=True)
        self._file(path).write_text(json.dumps(value))
