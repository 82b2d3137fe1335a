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
        listed = self._read(f"/environments/{environment}/deployment-branch-policies")
        return [each["name"] for each in listed["branch_policies"]]

    def environment(self, name: str) -> dict[str, Any]:
        """An environment as the REST API shows it."""
        return self._read(f"/environments/{name}")

    def set_reviewers(
        self, environment: str, *, required: bool, prevent_self_review: bool = True, can_admins_bypass: bool = False
    ) -> None:
        """Have people asked before a job of the environment runs, or not."""
        rule = {"type": "required_reviewers", "prevent_self_review": prevent_self_review}
        found = self.environment(environment)
        rules = [rule] if required else []
        changed = {**found, "protection_rules": rules, "can_admins_bypass": can_admins_bypass}
        self._write(f"/environments/{environment}", changed)

    def reviewers(self, environment: str) -> list[dict[str, Any]] | None:
        """Who is asked before a job of the environment runs; None when nobody is."""
        rules = {rule["type"]: rule for rule in self.environment(environment)["protection_rules"]}
        return rules["required_reviewers"].get("reviewers", []) if "required_reviewers" in rules else None

    def add(self, path: str, number: int) -> None:
        """Make a person (users/LOGIN) or a team (orgs/NAME/teams/NAME) of this number."""
        file = self.folder / "api" / f"{path}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"id": number}))

    def make(self, environment: str) -> None:
        """Make an environment as GitHub makes it on its page, without any rule."""
        found = {"can_admins_bypass": True, "deployment_branch_policy": None, "protection_rules": []}
        self._write(f"/environments/{environment}", found)

    def remove(self, environment: str) -> None:
        """Delete an environment."""
        self.forget_branches(environment)
        self._file(f"/environments/{environment}").unlink()

    def forget_branches(self, environment: str) -> None:
        """Leave an environment without the branches that it names, as a bootstrap does that ends in between."""
        self._file(f"/environments/{environment}/deployment-branch-policies").unlink()

    def fail(self, path: str, words: str) -> None:
        """Have the repository's REST API refuse a path in these words."""
        file = self._file(path).with_suffix(".error")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(words)

    def _file(self, path: str) -> Path:
        return self.folder / "api" / f"repos/{self.full_name}{path}.json"

    def _read(self, path: str) -> Any:
        return json.loads(self._file(path).read_text())

    def _write(self, path: str, value: Any) -> None:
        self._file(path).parent.mkdir(parents=True, exist_ok=True)
        self._file(path).write_text(json.dumps(value))
