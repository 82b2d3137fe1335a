"""The package: its wheel in a generated repository, and the requirements of each environment that installs it."""

import ast
import hashlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from baking import GENERATED, TEMPLATE, files

from mlops.cli import main

SOURCES = TEMPLATE / "src"
BIN = Path(sys.executable).parent
PROJECT = tomllib.loads((TEMPLATE / "pyproject.toml").read_text())["project"]
TEAM = ("api", "data", "model")
"""Packages of the generated repository."""


def the_wheel(folder: Path) -> Path:
    (wheel,) = (folder / "vendor").iterdir()
    return wheel


def contents(wheel: Path) -> dict[str, bytes]:
    """Content of each file of a wheel by its name; modes and times are left out."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with vendor/ and requirements/ as `make wheel` fills them."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "vendor").mkdir()
    (folder / "requirements").mkdir()
    # -o: make must not rebuild the environment, which runs this test.
    command = ["make", "wheel", f"BIN={BIN}", f"BUILD={folder / 'build'}", f"WHEEL_FOR={folder}"]
    done = subprocess.run([*command, "-o", ".venv/.installed"], cwd=TEMPLATE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_wheel_in_vendor_is_what_the_sources_build(built: Path) -> None:
    expected, shipped = contents(the_wheel(built)), contents(the_wheel(GENERATED))
    different = {name for name in expected.keys() | shipped.keys() if expected.get(name) != shipped.get(name)}
    assert the_wheel(built).name == the_wheel(GENERATED).name, "run: make wheel"
    assert different == set(), "run: make wheel"


def test_wheel_has_every_file_of_the_package(built: Path) -> None:
    sources = {name for name in files(SOURCES) if name.startswith("mlops/")}
    assert {name for name in contents(the_wheel(built)) if ".dist-info/" not in name} == sources


def test_two_builds_give_the_same_bytes(built: Path) -> None:
    again = built / "again"
    (again / "vendor").mkdir(parents=True)
    (again / "requirements").mkdir()
    command = [
        "make",
        "wheel",
        f"BIN={BIN}",
        f"BUILD={again / 'build'}",
        f"WHEEL_FOR={again}",
        "-o",
        ".venv/.installed",
    ]
    subprocess.run(command, cwd=TEMPLATE, check=True, capture_output=True)
    assert the_wheel(again).read_bytes() == the_wheel(built).read_bytes()


def test_wheel_is_stored_uncompressed() -> None:
    with zipfile.ZipFile(the_wheel(GENERATED)) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_requirements_name_the_wheel_by_its_hash() -> None:
    wheel = the_wheel(GENERATED)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert (GENERATED / "requirements" / "mlops.txt").read_text() == f"./vendor/{wheel.name} --hash=sha256:{digest}\n"


def test_wheel_has_the_version_of_the_project() -> None:
    name = PROJECT["name"].replace("-", "_")
    assert the_wheel(GENERATED).name == f"{name}-{PROJECT['version']}-py3-none-any.whl"


@pytest.mark.parametrize("file", sorted((GENERATED / "requirements").glob("*.txt")), ids=lambda file: file.stem)
def test_no_lock_takes_the_package_from_an_index(file: Path) -> None:
    assert PROJECT["name"] not in pinned(file)


def pinned(lock: Path) -> set[str]:
    """The distributions that a lock file pins, by their normalised names."""
    return {normalised(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text(), re.MULTILINE)}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def in_the_image() -> set[str]:
    """The modules that the Dockerfile starts, and those of the team's model."""
    started = re.findall(r'"-m", "([\w.]+)"', (GENERATED / "Dockerfile").read_text())
    assert started
    return {f"{package}.__main__" for package in started} | modules("model")


def in_the_builds() -> set[str]:
    """The modules that the buildspecs start, and those whose tests they run."""
    specs = [path.read_text() for path in (GENERATED / "infra" / "buildspecs").glob("*.yml")]
    started = {module for spec in specs for module in re.findall(r"python -m (mlops[\w.]+)", spec)}
    tested = {folder for spec in specs for folder in re.findall(r"tests/(\w+)", spec)}
    assert started and tested
    return started.union(*map(modules, tested))


def in_the_workflows(requirements: str) -> set[str]:
    """The modules of the commands in workflows that install these requirements."""
    texts = [path.read_text() for path in (GENERATED / ".github" / "workflows").glob("*.yml")]
    workflows = [text for text in texts if f"make setup REQUIREMENTS={requirements}\n" in text]
    commands = {name for text in workflows for name in re.findall(r"bin/mlops ([a-z]+)", text)}
    assert commands
    callbacks = [main.get_command(click.Context(main), name) for name in commands]
    return {"mlops.__main__", *(command.callback.__module__ for command in callbacks if command and command.callback)}


def on_a_laptop() -> set[str]:
    """All modules but those of the notebook, which has an environment of its own (`make notebook`)."""
    return modules("mlops").difference(modules("mlops/notebook")).union(*map(modules, TEAM))


def modules(package: str) -> set[str]:
    """The modules in the folder of a package, by their full names."""
    folder = root(package.partition("/")[0]) / package
    return {
        ".".join(path.relative_to(root(package.partition("/")[0])).with_suffix("").parts).removesuffix(".__init__")
        for path in folder.rglob("*.py")
    }


def root(module: str) -> Path:
    return SOURCES if module.partition(".")[0] == "mlops" else GENERATED


class Place(NamedTuple):
    """An environment with a set of requirements: the modules that start there, and the repository's packages that run.

    Modules of `described` are imported but none of their functions is called, so imports in functions do not count.
    """

    entries: Callable[[], set[str]]
    team: set[str]
    described: tuple[str, ...] = ()


PLACES = {
    "container": Place(in_the_image, {"model"}),
    "build": Place(in_the_builds, {"model", "api"}),
    "release": Place(lambda: in_the_workflows("release"), {"model", "data"}),
    "cli": Place(lambda: in_the_workflows("cli"), {"model"}, described=("mlops.container", "mlops.metrics")),
    "dev": Place(on_a_laptop, set(TEAM)),
}


def test_every_set_of_requirements_belongs_to_an_environment() -> None:
    sets = {file.stem for file in (GENERATED / "requirements").glob("*.in")}
    assert sets == PLACES.keys()
    assert {file.stem for file in (GENERATED / "requirements").glob("*.txt")} == sets | {"mlops"}


@pytest.mark.parametrize("name", PLACES)
def test_requirements_pin_every_package_that_the_environment_imports(name: str) -> None:
    """Follows all import statements, because the tests' own environment has every package."""
    distributions = importlib.metadata.packages_distributions()
    locked = pinned(GENERATED / "requirements" / f"{name}.txt")
    missing = {
        package: importer
        for package, importer in third_party(PLACES[name]).items()
        if locked.isdisjoint(normalised(each) for each in distributions.get(package, [package]))
    }
    assert missing == {}, f"{name}: these modules import packages that requirements/{name}.txt does not pin"


def third_party(place: Place) -> dict[str, str]:
    """The third-party packages that the modules of an environment import, each with a module that imports it."""
    packages: dict[str, str] = {}
    seen = place.entries()
    waiting = sorted(seen)
    while waiting:
        module = waiting.pop()
        for name in imported(module, only_on_import=module.startswith(place.described)):
            package = name.partition(".")[0]
            if package == "mlops" or package in place.team:
                own = {each for each in parents(name) if source(each)} - seen
                seen |= own
                waiting += sorted(own)
            elif package not in sys.stdlib_module_names and package not in TEAM:
                packages.setdefault(package, module)
    return packages


def parents(name: str) -> Iterator[str]:
    """A module and the packages around it, which Python imports first."""
    parts = name.split(".")
    return (".".join(parts[: end + 1]) for end in range(len(parts)))


def source(module: str) -> Path | None:
    """The file of a module of the package or of the generated repository."""
    base = root(module).joinpath(*module.split("."))
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)


@cache
def imported(module: str, *, only_on_import: bool = False) -> set[str]:
    """The names that a module imports when it runs, without optional imports and those for type checkers."""
    path = source(module)
    assert path, module
    tree = ast.parse(path.read_text())

    def is_left_out(node: ast.AST) -> bool:
        return is_optional(node) or (only_on_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    left_out = {id(child) for node in ast.walk(tree) if is_left_out(node) for child in ast.walk(node)}
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # "from package import module" imports the module as well.
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def is_optional(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    handlers = node.handlers if isinstance(node, ast.Try) else []
    return any(handler.type and "ImportError" in ast.unparse(handler.type) for handler in handlers)


def test_help_imports_no_third_party_package_but_click() -> None:
    command = [sys.executable, "-X", "importtime", "-c", "from mlops.cli import main; main(['--help'])"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    ours = {normalised(PROJECT["name"])}
    distributions = importlib.metadata.packages_distributions()
    loaded = {normalised(each) for name in names for each in distributions.get(name, [])}
    # A test environment's own hooks: editable installs, coverage.
    assert loaded - ours - {"coverage", "setuptools", "virtualenv"} == {"click"}
