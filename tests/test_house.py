"""The structure of the package, read from its imports: rooms, floors, and what `import mlops.cli` loads.

A room is a folder. The modules directly in mlops, mlops.localcloud and mlops.localcloud.sagemaker are rooms of their
own.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
NAMESPACES = ("mlops", "mlops.localcloud", "mlops.localcloud.sagemaker")
# From the lowest: a floor imports no room of a higher one.
FLOORS = (
    (
        "errors",
        "names",
        "archives",
        "distances",
        "images",
        "instances",
        "interrupts",
        "pages",
        "places",
        "progress",
        "quantiles",
        "tags",
        "shapes",
    ),
    # A stand-in for AWS, which knows nothing of the project, its files and its pipeline.
    ("localcloud",),
    ("container", "contract", "metrics", "prepared", "target_bounds", "team"),
    ("testing",),
    ("configuration",),
    ("rendering",),
    ("github", "aws"),
    ("conformance", "costs", "report", "qa", "tracking", "window"),
    ("release",),
    ("builds", "cli", "notebook"),
    ("__main__",),
)
# Each takes more than 20 ms to import, or needs an extra that the command line does not.
HEAVY = (
    "IPython",
    "boto3",
    "botocore",
    "cfnlint",
    "docker",
    "ipywidgets",
    "jinja2",
    "locust",
    "ministack",
    "mlflow",
    "moto",
    "numpy",
    "optuna",
    "pandas",
    "pydantic",
    "rich",
    "sagemaker",
    "sklearn",
    "uvicorn",
    "xgboost",
    "yaml",
)


@cache
def modules() -> dict[str, Path]:
    """The modules of the package by name."""
    modules = {}
    for file in (SOURCE / "mlops").rglob("*.py"):
        parts = file.relative_to(SOURCE).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return modules


def imported(file: Path) -> Iterator[str]:
    """The full names that a file imports anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} has a relative import, which this test does not resolve"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def imports() -> dict[str, set[str]]:
    """By module, the modules of the package that it imports."""

    def module(name: str) -> str:
        return name if name in modules() else name.rpartition(".")[0]

    return {
        importer: {module(name) for name in imported(file) if module(name) in modules()} - {importer}
        for importer, file in modules().items()
    }


def room(module: str) -> str:
    """The room of a module."""
    package = module if modules()[module].name == "__init__.py" else module.rpartition(".")[0]
    return module if package in NAMESPACES else package


def cycle(graph: Mapping[str, set[str]]) -> list[str]:
    """The nodes of a cycle; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    assert not cycle(imports())


def test_rooms_do_not_import_each_other_in_a_circle() -> None:
    rooms: dict[str, set[str]] = {}
    for importer, imported_names in imports().items():
        # A package collects what the folders below it offer.
        apart = {
            room(name)
            for name in imported_names
            if not f"{room(name)}.".startswith(f"{room(importer)}.")
            and not f"{room(importer)}.".startswith(f"{room(name)}.")
        }
        rooms.setdefault(room(importer), set()).update(apart)
    assert not cycle(rooms)


def floor(module: str) -> int | None:
    """The number of a module's floor; None for `mlops` itself."""
    name = module.split(".")[1] if "." in module else None
    assert name is None or any(name in floor for floor in FLOORS), f"mlops.{name} has no floor in {Path(__file__).name}"
    return next((number for number, names in enumerate(FLOORS) if name in names), None)


def test_no_floor_imports_a_higher_one() -> None:
    upwards = [
        f"{importer} imports {name}"
        for importer, imported_names in imports().items()
        for name in sorted(imported_names)
        if (below := floor(importer)) is not None and (above := floor(name)) is not None and above > below
    ]
    assert not upwards


def test_only_use_cases_and_commands_import_the_local_cloud() -> None:
    """And notebooks, which connect to it. Only what starts it and finds its logs: the rest needs the extra `local`."""
    allowed = {f"mlops.localcloud.{name}" for name in ("launch", "logfiles", "state")}
    others = [
        f"{importer} imports {name}"
        for importer, imported_names in imports().items()
        if not importer.startswith("mlops.localcloud")
        for name in sorted(imported_names)
        if name.startswith("mlops.localcloud.")
        and not (name in allowed and importer.startswith(("mlops.release.", "mlops.cli.", "mlops.notebook.")))
    ]
    assert not others


@pytest.mark.parametrize("library", ["ministack", "moto"])
def test_only_the_adapter_imports(library: str) -> None:
    others = [
        module
        for module, file in modules().items()
        if not module.startswith("mlops.localcloud.ministack.")
        and any(name.split(".")[0] == library for name in imported(file))
    ]
    assert not others, f"only mlops.localcloud.ministack may import {library}"


def test_the_adapter_imports_no_service_of_the_local_cloud() -> None:
    allowed = {f"mlops.localcloud.{name}" for name in ("background", "errors", "protocol", "settings")}
    services = {
        name
        for importer, imported_names in imports().items()
        if importer.startswith("mlops.localcloud.ministack.")
        for name in imported_names
        if name.startswith("mlops.localcloud.") and not name.startswith("mlops.localcloud.ministack.")
    }
    assert services <= allowed


def test_the_command_line_loads_nothing_heavy() -> None:
    program = f"import sys, mlops.cli; print(*sorted({set(HEAVY)!r} & sys.modules.keys()))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not loaded
