"""features.json: target and features of a trained model, with JSON Schema's keywords.

A release is served and evaluated with this definition, even after `model/features.py` has changed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlops.container.kinds import Category, Feature, Number, Target
from mlops.errors import InputError

SCHEMA_FILE = "features.json"
_BOUNDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
}


def save_schema(directory: Path, features: Sequence[Feature], target: Target) -> None:
    """Write features.json to `directory`."""
    schema = {"target": _described(target), "features": [_described(feature) for feature in features]}
    (directory / SCHEMA_FILE).write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")


def load_schema(directory: Path) -> tuple[tuple[Feature, ...], Target]:
    """Features and target of the model in `directory`. Raises InputError when the file does not describe them."""
    path = directory / SCHEMA_FILE
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
        return tuple(map(_feature, schema["features"])), _feature(schema["target"])
    except OSError as error:
        raise InputError(f"no usable model in {directory}: {SCHEMA_FILE}: {error.strerror}") from error
    except (TypeError, KeyError, ValueError, InputError) as error:
        raise InputError(
            f"no usable model in {directory}: {SCHEMA_FILE} does not describe features ({error!r})"
        ) from error


def _described(feature: Feature) -> dict[str, Any]:
    return _values(feature) | ({} if feature.compared else {"compared": False})


def _values(feature: Feature) -> dict[str, Any]:
    if isinstance(feature, Category):
        described = {"name": feature.name, "type": "string", "enum": list(feature.values)}
        return described if feature.encoding == "one_hot" else described | {"encoding": feature.encoding}
    assert isinstance(feature, Number)
    bounds = {word: getattr(feature, field) for word, field in _BOUNDS.items()}
    kind = "integer" if feature.integer else "number"
    return {"name": feature.name, "type": kind} | {word: bound for word, bound in bounds.items() if bound is not None}


def _feature(described: dict[str, Any]) -> Target:
    name, compared = described["name"], described.get("compared", True)
    if described["type"] == "string":
        return Category(name, tuple(described["enum"]), described.get("encoding", "one_hot"), compared=compared)
    if described["type"] not in ("integer", "number"):
        raise ValueError(f"type {described['type']}")
    bounds = {field: described[word] for word, field in _BOUNDS.items() if word in described}
    return Number(name, integer=described["type"] == "integer", compared=compared, **bounds)
