"""Checks what a YAML or JSON text consists of before it becomes Python values: keys, scalars, aliases, depth."""

from __future__ import annotations

import re

import yaml

from mlops.errors import InputProblem

MOST_LEVELS = 50
# Aliases count with all that they repeat: a few lines of them can expand to billions of values.
_MOST_VALUES = 10_000
_MOST_SHOWN = 120
_TAG = "tag:yaml.org,2002:"
# Half a character: JSON can escape one alone, and a shell's argument has them in place of bytes that are not UTF-8.
SURROGATE = re.compile("[\ud800-\udfff]")
_UNICODE = "Unicode, without lone surrogates"
_LARGEST = 2**63 - 1
_NOT_IN_JSON = {"NaN", "Infinity", "-Infinity"}


class Refused(Exception):
    """A problem that ends the reading of a text."""

    def __init__(self, problem: InputProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Walk:
    """Collects the line of each key, and problems; with one in `unusable` the text has no usable value."""

    def __init__(self, file: str, loader: yaml.SafeLoader, *, is_json: bool) -> None:
        self.lines: dict[str, int] = {}
        self.problems: list[InputProblem] = []
        self.unusable: list[InputProblem] = []
        self._file, self._loader, self._is_json = file, loader, is_json
        self._values = 0
        self._parents: set[int] = set()

    def visit(self, node: yaml.Node, path: str) -> None:
        """Check the node at this path, and everything in it. Raises Refused where it is too large or contains itself."""
        self._values += 1
        if id(node) in self._parents:
            raise Refused(self._problem(node, path, "an alias of a parent", "a value that does not contain itself"))
        if self._values > _MOST_VALUES:
            allowed = f"at most {_MOST_VALUES:,} values, those that aliases repeat included"
            raise Refused(self._problem(node, path, f"over {_MOST_VALUES:,} values", allowed))
        if len(self._parents) > MOST_LEVELS:
            raise Refused(self._problem(node, path, "too many levels", f"at most {MOST_LEVELS} levels"))
        if isinstance(node, yaml.ScalarNode):
            self._check_scalar(node, path)
            return
        if node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            self._refuse(node, path, node.tag.replace(_TAG, "!!"), "an object or a list without a tag")
            return
        self._parents.add(id(node))
        if isinstance(node, yaml.MappingNode):
            self._visit_members(node, path)
        else:
            for index, item in enumerate(node.value):
                self.lines[f"{path}[{index}]"] = item.start_mark.line + 1
                self.visit(item, f"{path}[{index}]")
        self._parents.remove(id(node))

    def _visit_members(self, node: yaml.MappingNode, path: str) -> None:
        first: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag not in (f"{_TAG}str", f"{_TAG}merge") or not key.value:
                found = (
                    f"the key {key.value[:_MOST_SHOWN]}" if isinstance(key.value, str) else "an object or list as key"
                )
                self._refuse(key, path, found if key.value else "an empty key", "text as key, in quotes where needed")
                continue
            name = self._text(key)
            member = f"{path}.{name}" if path else name
            if SURROGATE.search(name):
                self._refuse(key, member, "a key with half a character", _UNICODE)
            if name in first:
                allowed = f"one value for it (line {first[name]} has one too)"
                self.problems.append(InputProblem(self._file, member, "a key given twice", allowed, line))
            first[name] = self.lines[member] = line
            self.visit(value, member)

    def _text(self, node: yaml.ScalarNode) -> str:
        """The scalar's text. JSON escapes a character beyond U+FFFF as a pair of surrogates, YAML does not."""
        if not self._is_json:
            return node.value
        return node.value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")

    def _check_scalar(self, node: yaml.ScalarNode, path: str) -> None:
        text = self._text(node)
        kind = node.tag.removeprefix(_TAG)
        found = text[:_MOST_SHOWN] or "nothing"
        if SURROGATE.search(text):
            self._refuse(node, path, found, _UNICODE)
        elif self._is_json and node.style is None and text in _NOT_IN_JSON:
            self._refuse(node, path, text, "a finite number, JSON has no other")
        elif kind == "int" and not self._is_integer(node):
            self._refuse(node, path, found, f"an integer of 64 bits, at most {_LARGEST}")
        elif not self._can_be_constructed(node):
            self._refuse(node, path, found, f"what YAML reads as {kind}, or text in quotes")

    def _is_integer(self, node: yaml.ScalarNode) -> bool:
        return self._can_be_constructed(node) and abs(self._loader.construct_object(node)) <= _LARGEST

    def _can_be_constructed(self, node: yaml.ScalarNode) -> bool:
        try:
            self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, OverflowError):
            # PyYAML's constructors do not translate the exceptions of int(), float() and date().
            self._loader.recursive_objects.clear()
            return False
        return True

    def _refuse(self, node: yaml.Node, path: str, found: str, allowed: str) -> None:
        self.unusable.append(self._problem(node, path, found, allowed))

    def _problem(self, node: yaml.Node, path: str, found: str, allowed: str) -> InputProblem:
        return InputProblem(self._file, path, found, allowed, node.start_mark.line + 1)
