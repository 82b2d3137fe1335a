"""Estimates of a repository, without AWS."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from baking import REPOSITORY

from mlops import costs, release
from mlops.contract import Category, Number
from mlops.costs import Estimate, History, prices
from mlops.release import Repository, costing

TARGET = Number("price")
FEATURES = (Number("size"), Category("color", ("green", "red")), Number("hour", compared=False))


class Costed:
    """A copy of a repository in one region, for edits of its configuration."""

    def __init__(self, root: Path, region: str, source: Path = REPOSITORY) -> None:
        self.root = root
        for folder in ("configuration", "infra", ".github"):
            shutil.copytree(source / folder, root / folder)
        self.change("project.json", lambda project: project.update(region=region))

    def change(self, file: str, edit: Callable[[dict[str, Any]], Any]) -> None:
        path = self.root / "configuration" / file
        content = yaml.safe_load(path.read_text())
        edit(content)
        path.write_text(json.dumps(content) if path.suffix == ".json" else yaml.safe_dump(content))

    def estimate(self, table: Path | None = None) -> Estimate:
        return release.estimate_cost(Repository(self.root), table=table)


def steps(estimate: Estimate) -> dict[str, float | None]:
    """What each step of a release costs at most."""
    return {step.name.strip(): step.most_usd for step in estimate.steps}


def standing(estimate: Estimate) -> dict[str, float | None]:
    return {charge.name: charge.usd for charge in estimate.standing}


def about(usd: float) -> Any:
    return pytest.approx(usd, abs=1e-6)


def with_history(repository: Costed, history: History) -> Estimate:
    """The estimate of a small model of known features."""
    opened = Repository(repository.root)
    templates = costing.stack_templates(opened)
    prices_here = prices.load(opened.project.region)
    return costs.estimate(opened.configuration, templates, prices_here, history, 1, (TARGET, FEATURES))
