"""Checks a request against botocore's service model, including what botocore leaves to the server.

botocore's validator finds unknown, missing and mistyped parameters and lower bounds. Enums, patterns and
upper bounds are in the same shapes, but only AWS checks them, after the call. Both are checked
before it here: for the files in `configuration/`, for the requests built from them, and for requests to the local cloud.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal

import regex
from botocore.loaders import create_loader
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator, ValidationErrors

Rule = Literal["required", "unknown", "type", "enum", "pattern", "length", "range", "union"]


@dataclass(frozen=True, repr=False)
class Placeholder:
    """The value of `Problem.found` where there is no value to show."""

    text: str

    def __repr__(self) -> str:
        return self.text


# The bounds of Java's types, which AWS's servers use for shapes that declare no bound.
_LARGEST = {"integer": 2**31 - 1, "long": 2**63 - 1}
MISSING = Placeholder("nothing")
UNKNOWN = Placeholder("an unknown key")


@dataclass(frozen=True)
class Problem:
    """One violation. `path` is dotted with list indexes, as in `InputDataConfig[0].ChannelName`."""

    path: str
    found: object
    allowed: str
    rule: Rule


def check(params: Any, shape: Shape) -> list[Problem]:
    """Return every way in which `params` (Python values, as in calls of boto3) violates `shape`."""
    return _Validator().validate(params, shape).problems


def input_shape(service: str, operation: str) -> Shape:
    """Return the shape of an operation's request, for example `("sagemaker", "CreateTrainingJob")`."""
    return _service_model(service).operation_model(operation).input_shape


@lru_cache
def _service_model(service: str) -> ServiceModel:
    # Use a bare loader: a session would require the AWS profile to exist.
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> regex.Pattern | None:
    # The models have Java's expressions: the standard library's `re` has no `\p{L}`, and a range of surrogates must be
    # replaced by one of code points. Only AWS can check a pattern that cannot be compiled here.
    try:
        return regex.compile(pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"))
    except regex.error:
        return None


class _Report(ValidationErrors):
    """Collects the validator's errors as problems."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[Problem] = []
        self.value: Any = None  # botocore reports a length or nothing, but messages show the value.

    def report(self, name: str, reason: str, **details: Any) -> None:
        if "length" in reason or "input" in reason:
            details["param"] = self.value
        self.problems.append(_problem(reason, name.removeprefix("."), details))


class _Validator(ParamValidator):
    """botocore's validator, which also checks the remaining constraints at every node."""

    def validate(self, params: Any, shape: Shape) -> _Report:
        report = _Report()
        self._validate(params, shape, report, name="")
        return report

    def _shape_has_constraints(self, shape: Shape) -> bool:
        # botocore skips the items of lists without constraints; their enums and patterns are checked here.
        return True

    def _validate(self, params: Any, shape: Shape, errors: _Report, name: str) -> None:
        number = shape.type_name in ("integer", "long", "float", "double")
        if number and isinstance(params, bool):
            errors.report(name, "invalid type", param=params, valid_types=[str(int)])
            return
        errors.value = params
        super()._validate(params, shape, errors, name)
        errors.value = params
        if shape.type_name == "string" and isinstance(params, str):
            _check_string(params, shape, errors, name)
        elif shape.type_name in ("list", "map", "blob") and hasattr(params, "__len__"):
            _check_upper_bound(len(params), shape, errors, name, "excessive length")
        elif number and isinstance(params, (int, float)):
            if isinstance(params, float) and not math.isfinite(params):
                errors.report(name, "not finite", param=params)
            _check_upper_bound(params, shape, errors, name, "excessive range")


def _check_string(value: str, shape: Shape, errors: _Report, name: str) -> None:
    if _check_upper_bound(len(value), shape, errors, name, "excessive length"):
        return  # Matching a pattern against a string of any length could take too long.
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        errors.report(name, "not in enum", param=value, allowed=allowed)
    pattern = shape.metadata.get("pattern")
    if pattern and (compiled := _compiled(pattern)) and not compiled.fullmatch(value):
        errors.report(name, "no match", param=value, pattern=pattern)


def _check_upper_bound(size: float, shape: Shape, errors: _Report, name: str, reason: str) -> bool:
    maximum = shape.metadata.get("max", _LARGEST.get(shape.type_name))
    exceeded = maximum is not None and size > maximum
    if exceeded:
        errors.report(name, reason, param=size, maximum=maximum)
    return exceeded


def _problem(reason: str, path: str, details: dict[str, Any]) -> Problem:
    """Translate botocore's report (and ours) of one violation into a `Problem`."""
    found = details.get("param")
    match reason:
        case "missing required field":
            return Problem(_join(path, details["required_name"]), MISSING, "a value, it is required", "required")
        case "unknown field":
            unknown = str(details["unknown_param"])
            return Problem(_join(path, unknown), UNKNOWN, closest(unknown, details["valid_names"]), "unknown")
        case "invalid type" | "invalid type for document":
            return Problem(path, found, _type_names(details["valid_types"]), "type")
        case "unable to encode to json":
            return Problem(path, found, "a value that JSON can represent", "type")
        case "invalid length":
            return Problem(path, found, f"a length of at least {details['min_allowed']}", "length")
        case "invalid range":
            return Problem(path, found, f"at least {details['min_allowed']}", "range")
        case "excessive length":
            return Problem(path, found, f"a length of at most {details['maximum']}", "length")
        case "excessive range":
            return Problem(path, found, f"at most {details['maximum']}", "range")
        case "not finite":
            return Problem(path, found, "a finite number", "range")
        case "not in enum":
            return Problem(path, found, closest(str(found), details["allowed"]), "enum")
        case "no match":
            return Problem(path, found, f"text that matches {details['pattern']}", "pattern")
        case "empty input" | "more than one input":
            return Problem(path, found, f"exactly one of {', '.join(details['members'])}", "union")
    raise AssertionError(f"botocore reports {reason!r}, which this module does not handle")


def closest(found: str, allowed: list[str]) -> str:
    """The allowed values as a text: the closest to `found` first, all of them when they are few."""
    near = get_close_matches(found, allowed, n=3, cutoff=0.6)
    listed = ", ".join(allowed) if len(allowed) <= 24 else f"one of {len(allowed)} values"
    return f"{listed} (did you mean {' or '.join(near)}?)" if near else listed


def _join(path: str, member: str) -> str:
    return f"{path}.{member}" if path else member


def _type_names(valid_types: list[str]) -> str:
    # botocore gives `<class 'int'>`.
    names = [name.removeprefix("<class '").removesuffix("'>") for name in valid_types]
    words = {"str": "a string", "int": "an integer", "float": "a number", "bool": "true or false"}
    words |= {
        "dict": "an object",
        "list": "a list",
        "decimal.Decimal": "",
        "tuple": "",
        "datetime.datetime": "",
    }
    described = [words.get(name, name) for name in names]
    return " or ".join(word for word in dict.fromkeys(described) if word)
