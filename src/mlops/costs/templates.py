"""What a CloudFormation template creates with given parameters, as far as prices depend on it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import yaml

_REFERENCE = re.compile(r"\$\{([^}!]+)\}")
_NOTHING = {"Ref": "AWS::NoValue"}


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags."""


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.MappingNode):
        value: Any = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(node)  # type: ignore[arg-type]  # a scalar is what is left
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tagged)


class Template:
    """A template's text with values for its parameters; the rest have their defaults."""

    def __init__(self, text: str, parameters: Mapping[str, str]) -> None:
        self._parts: dict[str, Any] = yaml.load(text, Loader=_Loader)
        defaults = {
            name: parameter["Default"]
            for name, parameter in self._parts.get("Parameters", {}).items()
            if "Default" in parameter
        }
        self._known = {name: str(value) for name, value in {**defaults, **parameters}.items()}

    def resources(self, type_: str) -> list[dict[str, Any]]:
        """The resolved properties of each resource of this type that is created."""
        return [
            self.value(resource.get("Properties", {}))
            for resource in self._parts["Resources"].values()
            if resource["Type"] == type_ and self._holds(resource.get("Condition"))
        ]

    def types(self) -> Counter[str]:
        """How many resources of each type are created."""
        return Counter(
            resource["Type"] for resource in self._parts["Resources"].values() if self._holds(resource.get("Condition"))
        )

    def value(self, node: Any) -> Any:
        """A part of the template, with conditions decided and known references replaced."""
        if isinstance(node, list):
            return [self.value(each) for each in node if self._kept(each)]
        if not isinstance(node, dict):
            return node
        match node:
            case {"Ref": name}:
                return self._known.get(name, node)
            case {"Fn::Sub": str(text)}:
                return _REFERENCE.sub(lambda match: self._known.get(match[1], match[0]), text)
            case {"Fn::If": [condition, yes, no]}:
                return self.value(yes if self._holds(condition) else no)
        return {key: self.value(value) for key, value in node.items() if self._kept(value)}

    def _kept(self, node: Any) -> bool:
        while isinstance(node, dict) and "Fn::If" in node:
            condition, yes, no = node["Fn::If"]
            node = yes if self._holds(condition) else no
        return node != _NOTHING

    def _holds(self, condition: Any) -> bool:
        """Whether a condition, or one named, is true; without one it is."""
        match condition:
            case None:
                return True
            case str(name) | {"Condition": name}:
                return self._holds(self._parts["Conditions"][name])
            case {"Fn::Equals": [left, right]}:
                return str(self.value(left)) == str(self.value(right))
            case {"Fn::Not": [negated]}:
                return not self._holds(negated)
            case {"Fn::And": parts}:
                return all(self._holds(part) for part in parts)
            case {"Fn::Or": parts}:
                return any(self._holds(part) for part in parts)
        raise NotImplementedError(f"condition {condition}")
