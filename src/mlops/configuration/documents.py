"""Reads JSON and YAML so that a problem names its key and its line."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mlops import shapes
from mlops.configuration.nodes import MOST_LEVELS, Refused, Walk
from mlops.errors import InputProblem

_MAX_CHARACTERS = 1_000_000
# YAML's limit. JSON has none, but its lines are found by reading it as YAML.
_MAX_KEY_CHARACTERS = 1_024
# Python does not convert longer integers; `nodes` refuses them with their line.
_MAX_DIGITS = 4_300
_NOT_HERE = " are not allowed here"
# Have another meaning at the start of a value.
_QUOTED = "*&@`%!"
_SCANNED = {f"while scanning {token}" for token in ("an alias", "an anchor", "a directive")}
_KEY_WITHOUT_SPACE = re.compile(r"\s*[\w.-]+:[^\s:]\S*\s*$")
_NO_SPACE = "no colon with a space after a key"
_ALLOWED_KEY = "YAML, with a space after the colon, such as users: 10"


class _Loader(yaml.SafeLoader):
    """Raises RecursionError by the depth of the text alone: libraries change the limit of Python's own recursion."""

    _levels = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._levels += 1
        if self._levels > 4 * MOST_LEVELS:
            raise RecursionError
        node = super().compose_node(parent, index)
        self._levels -= 1
        return node


@dataclass(frozen=True)
class Document:
    """A file's content. `lines` gives the line of each key by its path, as in `Tags[0].Key`."""

    file: str
    data: dict[str, Any]
    lines: dict[str, int]

    def problem(self, path: str, found: object, allowed: str) -> InputProblem:
        """Describe a wrong value of this file, with the line of the nearest key that the file has."""
        nearest = path
        while nearest and nearest not in self.lines:
            nearest = nearest[: max(nearest.rfind("."), nearest.rfind("["), 0)]
        return InputProblem(self.file, path, shown(found), allowed, self.lines.get(nearest))


def read(root: Path, file: str) -> tuple[Document | None, list[InputProblem]]:
    """Read `root/file`, JSON or YAML by its suffix, which must contain an object.

    Returns the document, or None when it cannot be used, and its problems.
    """
    try:
        with (root / file).open(encoding="utf-8-sig") as opened:
            text = opened.read(_MAX_CHARACTERS + 1)
    except FileNotFoundError:
        return None, [InputProblem(file, "", "no such file", "the file that the template ships")]
    except UnicodeDecodeError as error:
        return None, [InputProblem(file, "", f"byte {error.start} is not UTF-8", "text in UTF-8")]
    except OSError as error:
        return None, [InputProblem(file, "", str(error.strerror), "a file that can be read")]
    if len(text) > _MAX_CHARACTERS:
        return None, [InputProblem(file, "", "a larger file", f"at most {_MAX_CHARACTERS:,} characters")]
    try:
        return _parse(file, text)
    except json.JSONDecodeError as error:
        return None, [InputProblem(file, "", *_json_fault(error), error.lineno)]
    except yaml.MarkedYAMLError as error:
        found, allowed, line = _yaml_fault(error, text)
        if _format(file) == "JSON":
            allowed = f"JSON with keys of at most {_MAX_KEY_CHARACTERS:,} characters"
        return None, [InputProblem(file, "", found, allowed, line)]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return None, [InputProblem(file, "", f"the character U+{error.character:04X}", "printable text", line)]
    except RecursionError:
        return None, [InputProblem(file, "", "too many levels", f"at most {MOST_LEVELS} levels")]


def _parse(file: str, text: str) -> tuple[Document | None, list[InputProblem]]:
    is_json = _format(file) == "JSON"
    data = json.loads(text, parse_int=_integer) if is_json else None
    # JSON allows tabs between tokens, YAML does not; inside strings JSON forbids them.
    loader = _Loader(text.replace("\t", " ") if is_json else text)
    node = loader.get_single_node()
    walk = Walk(file, loader, is_json=is_json)
    if node is not None:
        try:
            walk.visit(node, "")
        except Refused as refused:
            return None, [refused.problem]
        if walk.unusable:
            return None, walk.unusable
        if not is_json:
            data = loader.construct_document(node)
    if not isinstance(data, dict):
        return None, [InputProblem(file, "", shown(data), "an object with keys")]
    return Document(file, data, walk.lines), walk.problems


def shown(value: object) -> str:
    """A value as JSON writes it, its first 120 characters."""
    if isinstance(value, shapes.Placeholder):
        return str(value)
    text = ""
    for part in json.JSONEncoder(ensure_ascii=False, default=str).iterencode(value):
        text += part
        if len(text) > 120:
            return f"{text[:117]}…"
    return text


def _json_fault(error: json.JSONDecodeError) -> tuple[str, str]:
    """What was found, and what is allowed."""
    if not error.msg.startswith("Expecting "):
        return error.msg, "JSON"
    found = f"{error.doc[error.pos]!r}" if error.pos < len(error.doc) else "the end of the file"
    return found, f"JSON; expected here: {error.msg.removeprefix('Expecting ')}"


def _yaml_fault(error: yaml.MarkedYAMLError, text: str) -> tuple[str, str, int | None]:
    """What was found, what is allowed, and the line."""
    problem, mark = error.problem or str(error), error.problem_mark
    line = mark.line + 1 if mark else None
    if r"'\t'" in problem:
        return "a tab", "YAML, which is indented by spaces", line
    if error.context == "while scanning a simple key" and error.context_mark:
        return _NO_SPACE, _ALLOWED_KEY, error.context_mark.line + 1
    if mark and problem.endswith(_NOT_HERE):
        # A line without a space after its colon is a text, which YAML continues on the next line.
        before = text[: mark.index].rpartition("\n")[0].rpartition("\n")[2]
        if _KEY_WITHOUT_SPACE.match(before):
            return _NO_SPACE, _ALLOWED_KEY, mark.line
        allowed = "YAML, with the same indent for all keys of a level, and with quotes around a text that has a colon"
        return "a key where none can be", allowed, line
    expected, _, found = problem.rpartition(", but ")
    found = found.removeprefix("but ").removeprefix("found ").removeprefix("got ")
    found = found.replace("could not find expected", "no")
    start = error.context_mark if error.context in _SCANNED else mark
    if start and (first := text[start.index : start.index + 1]) and first in _QUOTED:
        found = f"a text that begins with {first}" if expected else found
        return found, f"YAML, with quotes around a text that begins with {' '.join(_QUOTED)}", start.line + 1
    return found, f"YAML; expected here: {expected.removeprefix('expected ')}" if expected else "YAML", line


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


def _format(file: str) -> str:
    return "JSON" if file.endswith(".json") else "YAML"
