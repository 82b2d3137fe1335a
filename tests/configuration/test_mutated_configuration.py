"""A mutated configuration file is either refused with a message for people, or its release can be rendered.

For a longer search: MUTATIONS=20000 python -m pytest tests/configuration/test_mutated_configuration.py
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from baking import REPOSITORY
from hypothesis import given, settings
from hypothesis import strategies as st
from releases import RELEASE
from repository import Repository

from mlops import rendering
from mlops.configuration import Configuration, load
from mlops.errors import InputError

MUTATIONS = int(os.environ.get("MUTATIONS", "60"))
FILES = sorted(file.name for file in (REPOSITORY / "configuration").iterdir() if file.name != "project.json")
RELEASES = (RELEASE, replace(RELEASE, tune=True, production_model="s3://bucket/models/old/output/model.tar.gz"))

FRAGMENTS = st.sampled_from(
    [
        *"{}[]:,\"'\n\t #&*!|>-?%@`\x00\x1b\x85",
        *(
            "null",
            "NaN",
            "Infinity",
            ".nan",
            "-.inf",
            "1e999",
            "0x" + "f" * 5000,
            "9" * 5000,
            "٣",
            "1_000",
            "07",
            "1:30",
        ),
        *("&x", "*x", "&x [*x]", "<<: ", "!!int ", "!!bool ", "!!set ", "!!binary ", "!!python/none ", "---\n", "? "),
        *("2001-01-01", '"\\ud800"', "\\u0000", "{" * 60, "[" * 2000, "\ufeff", "\r", "\u2028", "on", "="),
    ]
)
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-2, 2),
    st.sampled_from([2**31, 2**63, 10**30]),
    st.floats(),
)
SCALARS = st.one_of(NUMBERS, st.text(max_size=30), FRAGMENTS, st.booleans(), st.none())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def damaged_texts(draw: st.DrawFn, file: str) -> str:
    """The shipped file with a few pieces cut out or put in."""
    text = (REPOSITORY / "configuration" / file).read_text()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        stop = min(len(text), start + draw(st.sampled_from([0, 0, 1, 5, 40])))
        text = text[:start] + draw(FRAGMENTS | st.text(max_size=5)) + text[stop:]
    return text


@st.composite
def changed_documents(draw: st.DrawFn, file: str) -> str:
    """The shipped file with other values, without some keys, with unknown keys."""
    data = yaml.safe_load((REPOSITORY / "configuration" / file).read_text())
    for _ in range(draw(st.integers(1, 3))):
        _change(draw, data)
    return json.dumps(data) if file.endswith(".json") else yaml.safe_dump(data)


def _change(draw: st.DrawFn, container: Any) -> None:
    keys = list(container) if isinstance(container, dict) else list(range(len(container)))
    if not keys:
        return
    key = draw(st.sampled_from(keys))
    if isinstance(container[key], (dict, list)) and draw(st.booleans()):
        _change(draw, container[key])
        return
    match draw(st.sampled_from(["value", "value", "value", "delete", "add"])):
        case "value":
            container[key] = draw(VALUES)
        case "delete":
            del container[key]
        case "add" if isinstance(container, dict):
            container[draw(st.text(max_size=8))] = draw(VALUES)


def refused_or_rendered(file: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder) / "repository")
        content = text.encode("utf-8", "surrogatepass")
        (repository.root / "configuration" / file).write_bytes(content)
        try:
            configuration = load(repository.root)
        except InputError as error:
            assert error.problems
            assert all(problem.file.startswith("configuration/") for problem in error.problems)
            assert str(error).replace("\n", "").isprintable()
            return
    rendered(configuration)


def rendered(configuration: Configuration) -> None:
    for release in RELEASES:
        json.dumps(rendering.state_machine_input(configuration, release)).encode()
        for stage in ("test", "production"):
            json.dumps(rendering.endpoint_stack(configuration, release, stage)).encode()


@settings(max_examples=MUTATIONS, deadline=None, database=None, derandomize="MUTATIONS" not in os.environ)
@given(st.sampled_from(FILES).flatmap(lambda file: st.tuples(st.just(file), damaged_texts(file))))
def test_a_damaged_file_is_refused_or_can_be_rendered(case: tuple[str, str]) -> None:
    refused_or_rendered(*case)


@settings(max_examples=MUTATIONS, deadline=None, database=None, derandomize="MUTATIONS" not in os.environ)
@given(st.sampled_from(FILES).flatmap(lambda file: st.tuples(st.just(file), changed_documents(file))))
def test_a_file_with_other_values_is_refused_or_can_be_rendered(case: tuple[str, str]) -> None:
    refused_or_rendered(*case)
