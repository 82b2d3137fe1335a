"""GitHub as a folder of JSON files: programs/gh is its REST API, `Hub` the settings pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"
# The numeric ids of the owner and of the repository in the claims of GitHub's OIDC tokens.
OWNER_ID, REPOSITORY_ID = "1001", "2002"


@dataclass(frozen=True)
class Hub:
    """One repository on GitHub."""

    folder: Path
    full_name: str

    def create(self) -> None:
        """Create the repository."""
        self._write("", {"full_name": self.full_name, "id": int(REPOSITORY_ID), "owner": {"id": int(OWNER_ID)}})

    @property
    def runs(self) -> Path:
        """The folder of artifacts: a subfolder per run, named by the run's number."""
        return self.folder / "runs"

    def variables(self) -> dict[str, str]:
        """The repository's Actions variables."""
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
        """Add or remove the environment's rule of required reviewers."""
        rule = {"type": "required_reviewers", "prevent_self_review": prevent_self_review}
        found = self.environment(environment)
        rules = [rule] if required else []
        changed = {**found, "protection_rules": rules, "can_admins_bypass": can_admins_bypass}
        self._write(f"/environments/{environment}", changed)

    def reviewers(self, environment: str) -> list[dict[str, Any]] | None:
        """The required reviewers of the environment's jobs; None without such a rule."""
        rules = {rule["type"]: rule for rule in self.environment(environment)["protection_rules"]}
        return rules["required_reviewers"].get("reviewers", []) if "required_reviewers" in rules else None

    def add(self, path: str, number: int) -> None:
        """Create a person (users/LOGIN) or a team (orgs/NAME/teams/NAME) with this id."""
        file = self.folder / "api" / f"{path}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"id": number}))

    def make(self, environment: str) -> None:
        """Create an environment as GitHub's settings page does: without protection rules."""
        found = {"can_admins_bypass": True, "deployment_branch_policy": None, "protection_rules": []}
        self._write(f"/environments/{environment}", found)

    def remove(self, environment: str) -> None:
        """Delete an environment."""
        self.forget_branches(environment)
        self._file(f"/environments/{environment}").unlink()

    def forget_branches(self, environment: str) -> None:
        """Delete an environment's branch policies, as if a bootstrap had stopped before it wrote them."""
        self._file(f"/environments/{environment}/deployment-branch-policies").unlink()

    def fail(self, path: str, message: str) -> None:
        """Make the REST API refuse requests to a path of the repository with this message."""
        file = self._file(path).with_suffix(".error")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(message)

    def _file(self, path: str) -> Path:
        return self.folder / "api" / f"repos/{self.full_name}{path}.json"

    def _read(self, path: str) -> Any:
        return json.loads(self._file(path).read_text())

    def _write(self, path: str, value: Any) -> None:
        self._file(path).parent.mkdir(parents=True, exist_ok=True)
        self._file(path).write_text(json.dumps(value))
