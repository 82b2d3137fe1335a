"""Pre-commit hooks, dependency updates and releases, of the template and of a generated repository."""

import configparser
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from baking import GENERATED, TEMPLATE

BIN = Path(sys.executable).parent
ROOTS = [pytest.param(TEMPLATE, id="template"), pytest.param(GENERATED, id="generated")]
MANIFESTS = {"github-actions": "*.yml", "pip": "*.txt", "docker": "Dockerfile"}


def tracked(root: Path) -> list[str]:
    """The files of a folder that git tracks or would add; without deleted ones."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    return [name for name in filter(None, listed.stdout.decode().split("\0")) if (root / name).is_file()]


def hooks(root: Path) -> list[dict[str, Any]]:
    (repository,) = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())["repos"]
    return repository["hooks"]


@pytest.mark.parametrize("root", ROOTS)
def test_pre_commit_accepts_the_hooks(root: Path) -> None:
    done = subprocess.run(
        [BIN / "pre-commit", "validate-config", root / ".pre-commit-config.yaml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout


@pytest.mark.parametrize("root", ROOTS)
def test_hooks_are_tools_of_the_environment(root: Path) -> None:
    programs = {word for hook in hooks(root) for word in hook["entry"].split() if word.startswith(".venv/bin/")}
    assert len(programs) > 3
    assert [program for program in programs if not (BIN / Path(program).name).exists()] == []


@pytest.mark.parametrize("root", ROOTS)
def test_every_hook_matches_files(root: Path) -> None:
    names = tracked(root)
    idle = [
        hook["id"] for hook in hooks(root) if "files" in hook and not any(map(re.compile(hook["files"]).search, names))
    ]
    assert idle == []


@pytest.mark.acceptance
def test_hooks_pass_in_a_generated_repository(generated: Path, tmp_path: Path) -> None:
    repository = shutil.copytree(generated, tmp_path / "repository")
    (repository / ".venv").mkdir()
    (repository / ".venv" / "bin").symlink_to(BIN)
    subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
    subprocess.run(["git", "add", "--all"], cwd=repository, check=True)
    done = subprocess.run([BIN / "pre-commit", "run", "--all-files"], cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("Passed") == len(hooks(generated))


@pytest.mark.parametrize("root", ROOTS)
def test_files_follow_the_editorconfig(root: Path) -> None:
    parser = configparser.ConfigParser()
    parser.read_string("[top]\n" + (root / ".editorconfig").read_text())
    everywhere = parser["*"]
    assert everywhere.getboolean("insert_final_newline") and everywhere.getboolean("trim_trailing_whitespace")
    wrong = []
    for name in tracked(root):
        content = (root / name).read_bytes()
        # Recorded responses are kept to the byte; a file with a NUL is binary.
        if b"\0" in content or not content or "recordings" in name:
            continue
        if not content.endswith(b"\n") or re.search(rb"[ \t]$", content, re.MULTILINE) or b"\r" in content:
            wrong.append(name)
    assert wrong == []


@pytest.mark.parametrize("root", ROOTS)
def test_dependabot_updates_all_pinned_dependencies(root: Path) -> None:
    updates = yaml.safe_load((root / ".github" / "dependabot.yml").read_text())["updates"]
    assert {update["package-ecosystem"] for update in updates} == set(MANIFESTS)
    for update in updates:
        folder = root / update["directory"].strip("/")
        if update["package-ecosystem"] == "github-actions" and folder == root:
            folder = root / ".github" / "workflows"
        assert list(folder.glob(MANIFESTS[update["package-ecosystem"]])), update["directory"]
        # For actions and images, which have no semantic versions, Dependabot accepts this key only.
        assert update["cooldown"] == {"default-days": 7}
        assert [group["patterns"] for group in update["groups"].values()] == [["*"]]


@pytest.mark.parametrize("root", ROOTS)
def test_dependabot_never_looks_for_the_package_on_the_index(root: Path) -> None:
    updates = yaml.safe_load((root / ".github" / "dependabot.yml").read_text())["updates"]
    (update,) = [
        update
        for update in updates
        if update["package-ecosystem"] == "pip" and (root / update["directory"].strip("/") / "mlops.txt").exists()
    ]
    ignored = {rule["dependency-name"] for rule in update["ignore"]}
    assert ignored == {"ministack", "moto", "mlops-commit-to-production"}
    assert "**/mlops.txt" in update["exclude-paths"]


@pytest.fixture(scope="module")
def release() -> ModuleType:
    specification = importlib.util.spec_from_file_location("release", TEMPLATE / ".ci" / "release.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def releasable(tmp_path: Path) -> Path:
    """A repository whose version 1.2.0 can be released."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    vendor = tmp_path / "{{cookiecutter.project}}" / "vendor"
    vendor.mkdir(parents=True)
    (vendor / "package-1.2.0-py3-none-any.whl").touch()
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [1.2.0] - 2026-11-30\n\n### Added\n\n- A thing.\n\n## [1.1.0] - 2026-10-01\n\n- Another.\n"
    )
    return tmp_path


def test_notes_of_a_release_are_the_section_of_its_version(release: ModuleType, releasable: Path) -> None:
    assert release.notes("v1.2.0", releasable) == "### Added\n\n- A thing."


@pytest.mark.parametrize(
    ("file", "before", "after", "named"),
    [
        ("pyproject.toml", "1.2.0", "1.3.0", "project.version is 1.3.0"),
        ("CHANGELOG.md", "2026-11-30", "unreleased", "'## [1.2.0] - unreleased'"),
        ("CHANGELOG.md", "## [1.2.0]", "## [1.2.1]", "no section '## [1.2.0]'"),
        ("CHANGELOG.md", "### Added\n\n- A thing.\n", "", "is empty"),
    ],
)
def test_a_tag_that_contradicts_a_file_is_not_released(
    release: ModuleType, releasable: Path, file: str, before: str, after: str, named: str
) -> None:
    path = releasable / file
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(release.Disagreement, match=re.escape(named)):
        release.notes("v1.2.0", releasable)


def test_a_wheel_of_another_version_is_not_released(release: ModuleType, releasable: Path) -> None:
    (wheel,) = (releasable / "{{cookiecutter.project}}" / "vendor").iterdir()
    wheel.rename(wheel.with_name("package-1.1.0-py3-none-any.whl"))
    with pytest.raises(release.Disagreement, match="make wheel"):
        release.notes("v1.2.0", releasable)


def test_the_changelog_has_a_section_for_the_version(release: ModuleType) -> None:
    version = release.tomllib.loads((TEMPLATE / "pyproject.toml").read_text())["project"]["version"]
    heading, section = release._section((TEMPLATE / "CHANGELOG.md").read_text(), version)
    assert heading and section


def test_the_job_that_makes_a_release_installs_nothing() -> None:
    jobs = yaml.safe_load((TEMPLATE / ".github" / "workflows" / "release.yml").read_text())["jobs"]
    (writer,) = [job for job in jobs.values() if "write" in job["permissions"].values()]
    assert writer["needs"] == "check"
    actions = [step["uses"].partition("@")[0] for step in writer["steps"] if "uses" in step]
    assert actions == ["actions/checkout"]
    commands = "\n".join(step.get("run", "") for step in writer["steps"])
    assert "make " not in commands and "pip" not in commands
    # A glob replaces the folder's braces, which GitHub would evaluate as an expression.
    (pattern,) = re.findall(r"\./(\S+\.whl)", commands)
    assert list(TEMPLATE.glob(pattern)) == list((GENERATED / "vendor").iterdir())
