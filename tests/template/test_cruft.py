"""A generated repository follows the template from one tag to the next with cruft."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from baking import bake, files
from commits import clone_template, git

pytestmark = pytest.mark.acceptance

BIN = Path(sys.executable).parent
GENERATED = "{{cookiecutter.project}}"
NEXT = "9.9.0"
LOCKS = ("requirements/dev.txt", "requirements/container.txt")
EDITED = (
    "configuration/evaluation.yml",
    "configuration/trainingjob.json",
    "data/__init__.py",
    "model/features.py",
    "model/requirements.in",
    *LOCKS,
)
"""Files that the team changes, and that the template changes in the same lines."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as it is in the working tree, tagged v1; then a later version, tagged v2."""
    template = clone_template(tmp_path_factory.mktemp("cruft") / "template")
    make_wheel(template)
    commit(template, "The version that the repository is generated from")
    git(template, "tag", "v1")
    project = template / "pyproject.toml"
    before = project.read_text()
    project.write_text(before.replace('version = "', f'version = "{NEXT}" # was "', 1))
    assert project.read_text() != before
    make_wheel(template)
    for name in (*EDITED, "infra/storage.yml"):
        insert_first(template / GENERATED / name, "template's")
    commit(template, "The next version")
    git(template, "tag", "v2")
    return template


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Path:
    cruft("create", "--no-input", "--checkout", "v1", "--output-dir", str(tmp_path), str(template))
    repository = tmp_path / "taxi-fares"
    git(repository, "init", "--quiet")
    commit(repository, "Generate a model repository")
    return repository


def test_cruft_generates_the_same_as_cookiecutter(repository: Path, template: Path, tmp_path: Path) -> None:
    generated = files(repository)
    assert json.loads(generated.pop(".cruft.json"))["checkout"] == "v1"
    git(template, "checkout", "--quiet", "v1")
    assert generated == files(bake(tmp_path / "plain", template))


def test_repository_of_a_team_is_updated_without_a_conflict(repository: Path) -> None:
    for name in EDITED:
        insert_first(repository / name, "team's")
    (repository / "model" / "own.py").write_text('"""A file of the team alone."""\n')
    commit(repository, "Change what is the team's own")
    before = files(repository)

    assert "out of date" in cruft("check", "--checkout", "v2", cwd=repository, exit_code=1)
    cruft("update", "--skip-apply-ask", "--checkout", "v2", cwd=repository)
    assert "up to date" in cruft("check", "--checkout", "v2", cwd=repository)

    assert git(repository, "ls-files", "--unmerged") == ""
    assert list(repository.rglob("*.rej")) == []
    after = files(repository)
    assert {name: after[name] for name in (*EDITED, "model/own.py")} == {
        name: before[name] for name in (*EDITED, "model/own.py")
    }
    assert after["infra/storage.yml"].startswith(b"# template's\n")


def test_update_replaces_the_wheel_and_its_hash(repository: Path) -> None:
    cruft("update", "--skip-apply-ask", "--checkout", "v2", cwd=repository)
    (wheel,) = (repository / "vendor").iterdir()
    assert f"-{NEXT}-" in wheel.name
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert (repository / "requirements" / "mlops.txt").read_text() == f"./vendor/{wheel.name} --hash=sha256:{digest}\n"


def test_files_that_updates_skip_exist(generated: Path) -> None:
    """A misspelt or removed path in the list would protect nothing."""
    import tomllib

    skipped = tomllib.loads((generated / "pyproject.toml").read_text())["tool"]["cruft"]["skip"]
    assert skipped
    assert [pattern for pattern in skipped if not list(generated.glob(pattern))] == []
    locks = {f"requirements/{path.name}" for path in (generated / "requirements").glob("*.txt")}
    assert locks - set(skipped) == {"requirements/mlops.txt"}


def make_wheel(template: Path) -> None:
    command = ["make", "wheel", f"BIN={BIN}", "-o", ".venv/.installed"]
    done = subprocess.run(command, cwd=template, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def insert_first(file: Path, author: str) -> None:
    """Change the first line, in a form that the file's format allows."""
    text = file.read_text()
    if file.suffix == ".json":
        file.write_text(text.replace("{", f'{{\n  "{author}": "",', 1))
    else:
        file.write_text(f"# {author}\n{text}")


def cruft(*words: str, cwd: Path | None = None, exit_code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "cruft", *words], cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == exit_code, done.stdout + done.stderr
    return done.stdout


def commit(repository: Path, message: str) -> None:
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", message)
