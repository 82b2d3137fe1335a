"""Every internal name of ministack and moto that the adapter uses: it exists, in the form that the adapter relies on.

The forms are checked against the installed versions, so this is the first test to run after an upgrade of either.
"""

import ast
import importlib
import importlib.metadata
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mlops.localcloud.ministack import names
from mlops.localcloud.ministack.names import NAMES, Name

ADAPTER = Path(names.__file__).parent
LIBRARIES = ("ministack", "moto")
ROWS = [pytest.param(module, name, id=f"{module}.{name.attribute}") for module, rows in NAMES.items() for name in rows]
REPLACED = [row for row in ROWS if row.values[1].use == "replaced"]
# Attributes that each worker of a Lambda function gets when it is made.
WORKER_ATTRIBUTES = ("_lock", "in_use")

# What functions of ministack return, of which the adapter reads members.
RETURNED = {"ministack.core.iam_evaluator.EvalResult"}


def value(module: str, name: Name) -> Any:
    found: Any = importlib.import_module(module)
    for part in name.attribute.split("."):
        found = getattr(found, part, None)
        if found is None:
            pytest.fail(f"{installed(module)} has no {module}.{name.attribute}, which is {name.use}: {name.reason}")
    return found


def installed(module: str) -> str:
    library = module.partition(".")[0]
    return f"{library} {importlib.metadata.version(library)}"


def form(found: Any) -> str:
    """The signature of a callable without annotations, else the name of the type."""
    if not callable(found):
        return type(found).__name__
    signature = inspect.signature(found)
    parameters = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
    return str(signature.replace(parameters=parameters, return_annotation=signature.empty))


@pytest.mark.parametrize(("module", "name"), ROWS)
def test_name_has_the_form_that_the_adapter_relies_on(module: str, name: Name) -> None:
    found = form(value(module, name))
    assert found == name.form, (
        f"{module}.{name.attribute} of {installed(module)} has the form {found}, the adapter expects {name.form}. "
        f"It is {name.use}: {name.reason}"
    )


@pytest.mark.acceptance
@pytest.mark.parametrize(("module", "name"), REPLACED)
def test_replaced_name_is_looked_up_in_its_module(module: str, name: Name) -> None:
    attribute = name.attribute.rpartition(".")[2]
    looked_up = attribute in loaded(module) if "." not in name.attribute else False
    assert looked_up or attribute in attributes(module.partition(".")[0]), (
        f"{installed(module)} no longer looks up {attribute} in {module}, so that its replacement has no effect: "
        f"{name.reason}"
    )


def test_workers_of_functions_have_the_attributes_that_the_adapter_reads() -> None:
    from ministack.core.lambda_runtime import Worker

    assert set(WORKER_ATTRIBUTES) <= set(Worker.__init__.__code__.co_names)


def test_table_lists_the_names_that_the_adapter_uses() -> None:
    listed = {f"{module}.{name.attribute}" for module, rows in NAMES.items() for name in rows}
    used = set().union(*(used_names(file) for file in ADAPTER.glob("*.py")))
    owners = {name.rpartition(".")[0] for name in listed}
    assert used - listed - owners == set(), "add them to ministack/names.py, with the reason"
    functions = {
        f"{module}.{name.attribute}" for module, rows in NAMES.items() for name in rows if "." not in name.attribute
    }
    assert functions - used - RETURNED == set(), "remove them from ministack/names.py"


@cache
def loaded(module: str) -> set[str]:
    """The names that a module reads from its own namespace."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


@cache
def attributes(library: str) -> set[str]:
    """The attributes that a library reads, and the names that its functions import each time they run."""
    found: set[str] = set()
    for file in Path(importlib.import_module(library).__file__ or "").parent.rglob("*.py"):
        nodes: list[tuple[ast.AST, bool]] = [(ast.parse(file.read_text(encoding="utf-8")), False)]
        while nodes:
            node, in_function = nodes.pop()
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found.add(node.attr)
            elif isinstance(node, ast.ImportFrom) and in_function:
                found |= {alias.name for alias in node.names}
            in_function |= isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            nodes += ((child, in_function) for child in ast.iter_child_nodes(node))
    return found


def used_names(file: Path) -> set[str]:
    """The full names of ministack and moto that a module of the adapter uses."""
    used: set[str] = set()
    for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        bound = dict(imported(function))
        loops = [each for each in ast.walk(function) if isinstance(each, ast.For) and isinstance(each.iter, ast.Tuple)]
        for node in ast.walk(function):
            if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
                continue
            variable = node.value.id
            looped = (each for each in loops if isinstance(each.target, ast.Name) and each.target.id == variable)
            for module in [
                variable,
                *(item.id for each in looped for item in each.iter.elts if isinstance(item, ast.Name)),
            ]:
                if is_module(bound.get(module, "")):
                    used.add(f"{bound[module]}.{node.attr}")
        used |= {full for full in bound.values() if not is_module(full)}
    return used


def imported(function: ast.AST) -> Iterator[tuple[str, str]]:
    """The variables that hold something of a library in a function, each with its full name."""
    for node in ast.walk(function):
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in LIBRARIES:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


@cache
def is_module(name: str) -> bool:
    try:
        return bool(name) and importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
