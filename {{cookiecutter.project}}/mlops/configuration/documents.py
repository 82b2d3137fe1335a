"""Reads JSON and YAML so that a problem can name the line, and a key given twice is found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mlops import shapes
from mlops.errors import InputProblem


@dataclass(frozen=True)
class Document:
    """A file's content. `lines` gives the line of each key by its path, as in `Tags[0].Key`."""

    file: str
    data: dict[str, Any]
    lines: dict[str, int]

    def problem(self, path: str, found: object, allowed: str) -> InputProblem:
        """Describe a wrong value of this file, with the line of the nearest key that stands in it."""
        place = path
        while place and place not in self.lines:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return InputProblem(self.file, path, _shown(found), allowed, self.lines.get(place))


def read(root: Path, file: str) -> tuple[Document | None, list[InputProblem]]:
    """Read `root/file`, JSON or YAML by its suffix, whose top must be an object.

    Returns the document, or None when it cannot be used, and the problems found.
    """
    try:
        text = (root / file).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None, [InputProblem(file, "", "no such file", "the file that the template ships")]
    except UnicodeDecodeError as error:
        return None, [InputProblem(file, "", f"byte {error.start} is not UTF-8", "text in UTF-8")]
    try:
        if file.endswith(".json"):
            data = json.loads(text, parse_constant=_refuse_constant)
            # JSON allows tabs between tokens, YAML does not; inside strings JSON forbids them.
            node = yaml.compose(text.replace("\t", " "), Loader=yaml.SafeLoader)
        else:
            data = yaml.safe_load(text)
            node = yaml.compose(text, Loader=yaml.SafeLoader)
    except json.JSONDecodeError as error:
        return None, [InputProblem(file, "", error.msg, "JSON", error.lineno)]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        return None, [InputProblem(file, "", error.problem or str(error), "YAML", line)]
    except (ValueError, yaml.YAMLError) as error:
        return None, [InputProblem(file, "", str(error), "JSON" if file.endswith(".json") else "YAML")]
    if not isinstance(data, dict):
        return None, [InputProblem(file, "", _shown(data), "an object with keys")]
    lines, problems = _walk(file, node)
    return Document(file, data, lines), problems


def _walk(file: str, top: yaml.Node) -> tuple[dict[str, int], list[InputProblem]]:
    """Collect the line of each key, and the keys that stand twice in one object."""
    lines: dict[str, int] = {}
    problems: list[InputProblem] = []
    visited: set[int] = set()

    def visit(node: yaml.Node, path: str) -> None:
        if id(node) in visited:  # A YAML alias may point to its own parent.
            return
        visited.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                member = f"{path}.{key.value}" if path else str(key.value)
                line = key.start_mark.line + 1
                if member in lines:
                    first = f"one value for it (it stands in line {lines[member]} too)"
                    problems.append(InputProblem(file, member, "a key given twice", first, line))
                lines[member] = line
                visit(value, member)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                lines[f"{path}[{index}]"] = value.start_mark.line + 1
                visit(value, f"{path}[{index}]")

    visit(top, "")
    return lines, problems


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _shown(value: object) -> str:
    if isinstance(value, shapes.Remark):
        return str(value)
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else f"{text[:117]}…"
