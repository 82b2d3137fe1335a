"""The workflows of this repository, parsed."""

from typing import Any

import yaml
from baking import REPOSITORY

FOLDER = REPOSITORY / ".github" / "workflows"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yml"))


def text(name: str) -> str:
    return (FOLDER / f"{name}.yml").read_text(encoding="utf-8")


def parsed(name: str) -> dict[str, Any]:
    """A workflow. YAML 1.1 reads its key `on` as true; here it is `on` again."""
    found = yaml.safe_load(text(name))
    return {"on" if key is True else key: value for key, value in found.items()}


def jobs(name: str) -> dict[str, dict[str, Any]]:
    return parsed(name)["jobs"]


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in jobs(name).values() for step in job.get("steps", [])]
