"""A release's baseline: statistics.json and constraints.json, as `mlops.container.programs.baseline` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops.container.sketch import Sketch
from mlops.errors import InputError

_METHODS = ("Simple", "Robust")
_CATEGORICAL_METHODS = ("LInfinity",)
_HELP = "Make it anew: python -m mlops.container baseline"


@dataclass(frozen=True)
class Settings:
    """monitoring_config for one column, with its own monitoringConfigOverrides."""

    evaluated: bool
    typed: float
    """The least share of values that have the column's type."""
    known: float
    """The least share of values that are in the domain."""
    compared: bool
    threshold: float
    robust: bool
    """Whether a distance must be significant too."""


@dataclass(frozen=True)
class Known:
    """The baseline's knowledge of one column. The distribution of a column without values is empty."""

    type: str
    count: int
    completeness: float | None
    domain: frozenset[str] | None
    settings: Settings
    numbers: Sketch | None = None
    shares: Mapping[str, int] = field(default_factory=dict)


def load(folder: Path) -> dict[str, Known]:
    """By the names of the columns. Raises InputError when a file is absent or is not in Model Monitor's format."""
    statistics, constraints = _document(folder / "statistics.json"), _document(folder / "constraints.json")
    path = folder / "statistics.json"
    try:
        described = {feature["name"]: feature for feature in statistics["features"]}
        path = folder / "constraints.json"
        shared = constraints.get("monitoring_config", {})
        return {
            feature["name"]: _known(feature, described.get(feature["name"], {}), shared, path)
            for feature in constraints["features"]
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: not in Model Monitor's format ({error!r}). {_HELP}") from None


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}. {_HELP}") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}). {_HELP}") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: found {type(found).__name__}, allowed is an object. {_HELP}")
    return found


def _known(constraint: dict[str, Any], statistics: dict[str, Any], shared: dict[str, Any], path: Path) -> Known:
    settings = _settings(constraint, shared, path)
    completeness = constraint.get("completeness")
    domains = constraint.get("string_constraints", {}).get("domains")
    described = statistics.get("numerical_statistics") or statistics.get("string_statistics") or {}
    distribution = described.get("distribution", {})
    levels = distribution.get("kll", {}).get("sketch", {}).get("data", [])
    buckets = distribution.get("categorical", {}).get("buckets", [])
    return Known(
        type=constraint["inferred_type"],
        count=sum(map(int, described.get("common", {}).values())),
        completeness=None if completeness is None else float(completeness),
        domain=None if domains is None else frozenset(domains),
        settings=settings,
        numbers=Sketch(levels) if any(levels) else None,
        shares={bucket["value"]: int(bucket["count"]) for bucket in buckets},
    )


def _settings(constraint: dict[str, Any], shared: dict[str, Any], path: Path) -> Settings:
    own = constraint.get("monitoringConfigOverrides") or {}
    config = {**shared, **own}
    distribution = {**shared.get("distribution_constraints", {}), **own.get("distribution_constraints", {})}
    textual = constraint["inferred_type"] == "String"

    def one_of(key: str, allowed: tuple[str, ...]) -> str:
        found = distribution.get(key, allowed[-1])
        if found not in allowed:
            raise InputError(f"{path}: {constraint['name']}: {key}: found {found}, allowed is {' or '.join(allowed)}")
        return found

    method, _ = one_of("comparison_method", _METHODS), one_of("categorical_drift_method", _CATEGORICAL_METHODS)
    key = "categorical_comparison_threshold" if textual else "comparison_threshold"
    return Settings(
        evaluated=config.get("evaluate_constraints", "Enabled") == "Enabled",
        typed=float(config.get("datatype_check_threshold", 1.0)),
        known=float(config.get("domain_content_threshold", 1.0)),
        compared=distribution.get("perform_comparison", "Enabled") == "Enabled",
        threshold=float(distribution.get(key, 0.1)),
        robust=method == "Robust",
    )
