"""The files of a generated repository: exactly the template's, and the same for the same answers."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest
import yaml
from baking import GENERATED, TEMPLATE, bake, files

RENDERED = {"CODEOWNERS", "README.md", "configuration/project.json", "LICENSE"}
UNRENDERED_BRACES = re.compile(r"\{\{\s*cookiecutter|\{%-?\s*(if|raw|endraw)\b")


def test_exactly_the_templates_files_are_generated(generated: Path) -> None:
    expected = {name for name in files(GENERATED) if not name.startswith("licenses/")} | {"LICENSE"}
    assert set(files(generated)) == expected


def test_two_bakes_of_the_same_answers_are_identical(generated: Path, tmp_path: Path) -> None:
    assert files(bake(tmp_path)) == files(generated)


def test_a_file_without_variables_is_copied_to_the_byte(generated: Path) -> None:
    template, baked = files(GENERATED), files(generated)
    different = {name for name in baked if template.get(name) != baked[name]}
    assert different == RENDERED


def test_only_these_files_are_rendered() -> None:
    copied = json.loads((TEMPLATE / "cookiecutter.json").read_text())["_copy_without_render"]

    def is_copied(name: str) -> bool:
        path = PurePosixPath(name)
        return any(fnmatch(str(each), pattern) for each in (path, *path.parents) for pattern in copied)

    rendered = {name for name in files(GENERATED) if not is_copied(name)}
    assert rendered == {"CODEOWNERS", "README.md", "configuration/project.json", "licenses/MIT.txt"}


def test_files_contain_no_template_variable_and_no_path_of_this_machine(generated: Path) -> None:
    for name, content in files(generated).items():
        if name.endswith((".py", ".png", ".whl")):
            continue
        text = content.decode()
        assert not UNRENDERED_BRACES.search(text), name
        assert str(TEMPLATE) not in text, name


PARSERS = {".json": json.loads, ".toml": tomllib.loads, ".py": ast.parse, ".yml": yaml.safe_load}


def test_generated_files_parse(generated: Path) -> None:
    broken = {}
    for name, content in files(generated).items():
        parse = PARSERS.get(Path(name).suffix)
        # cfn-lint parses the templates, whose YAML tags are CloudFormation's own.
        if parse is None or (name.endswith(".yml") and name.startswith("infra/")):
            continue
        try:
            parse(content.decode())
        except (ValueError, SyntaxError, yaml.YAMLError) as error:
            broken[name] = error
    assert broken == {}


def test_paths_are_valid_on_windows(generated: Path) -> None:
    for name in files(generated):
        assert not re.search(r'[<>:"\\|?*]', name), name
        assert len(name) < 150, name
    assert len({name.lower() for name in files(generated)}) == len(files(generated))


@pytest.mark.parametrize("folder", ["model", "data", "api", "load", "tests"])
def test_ruff_finds_nothing_in_the_generated_code(generated: Path, folder: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", folder], cwd=generated, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_the_answered_owner_owns_every_file(tmp_path: Path) -> None:
    lines = (bake(tmp_path, github_owner="octocat") / "CODEOWNERS").read_text().splitlines()
    rules = dict(line.split() for line in lines if line and not line.startswith("#"))
    assert rules["*"] == "@octocat" and set(rules.values()) == {"@octocat"}


def test_files_that_run_in_every_build_have_rules_of_their_own(generated: Path) -> None:
    """The last match counts: a rule for model/ above these must not change their owners."""
    lines = [line for line in (generated / "CODEOWNERS").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0].startswith("* ")
    folders = {line.split()[0] for line in lines[1:]}
    assert folders == {"/.github/", "/CODEOWNERS", "/infra/", "/requirements/", "/vendor/"}
    assert [folder for folder in folders if not (generated / folder.strip("/")).exists()] == []


def test_a_file_at_the_root_does_not_shadow_a_module_of_the_command_line(generated: Path, tmp_path: Path) -> None:
    """A file that a push adds at the root must not run in every Python that the workflows start."""
    repository = shutil.copytree(generated, tmp_path / "repository")
    command = Path(sys.executable).with_name("mlops")
    for module in ("sitecustomize", "usercustomize", "click", "boto3"):
        (repository / f"{module}.py").write_text(f"raise SystemExit('{module} of the repository ran')\n")
    done = subprocess.run([command, "--help"], cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bootstrap" in done.stdout
