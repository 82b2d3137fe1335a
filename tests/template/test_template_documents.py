"""The template's documents: links, paths, commands and pictures agree with the repository."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
from baking import GENERATED, TEMPLATE
from cfnlint.decode import decode

from mlops.cli import main

FOLDERS = (TEMPLATE, TEMPLATE / "docs", TEMPLATE / "benchmarks", GENERATED, GENERATED / "docs")
# A report for another project shows that project's commands.
DOCUMENTS = sorted(
    path.relative_to(TEMPLATE).as_posix()
    for folder in FOLDERS
    for path in folder.glob("*.md")
    if path.name != "cookiecutter-report.md"
)
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PATH = re.compile(r"[\w{}.*-]+(?:/[\w{}.*-]+)*/?")
TOP = {path.name for path in (*TEMPLATE.iterdir(), *GENERATED.iterdir())}


def text(name: str) -> str:
    return (TEMPLATE / name).read_text()


def commands(name: str) -> list[str]:
    """The lines of code blocks without a language, and inline code that begins with a known program."""
    blocks = [
        line for language, block in _FENCE.findall(text(name)) if not language for line in block.splitlines() if line
    ]
    inline = re.findall(
        r"`((?:make|mlops|pipx|git|cruft|\.venv/bin/\w+|\.ci/\w+(?:\.py)?) [^`]+)`", _FENCE.sub("", text(name))
    )
    return [*blocks, *inline]


def paths(name: str) -> set[str]:
    """Inline code that names a file or folder of the template or of a generated repository."""
    inline = re.findall(r"`([^`\n]+)`", _FENCE.sub("", text(name)))
    return {each for each in inline if "/" in each and _PATH.fullmatch(each) and each.split("/")[0] in TOP}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files(name: str) -> None:
    targets = re.findall(r"\]\((?!https?://)([^)#]+)[^)]*\)", text(name))
    folder = (TEMPLATE / name).parent
    assert [target for target in targets if not (folder / unquote(target)).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_paths_exist(name: str) -> None:
    def exists(path: str) -> bool:
        return any(list(root.glob(path.strip("/"))) for root in (TEMPLATE, GENERATED))

    assert [path for path in sorted(paths(name)) if not exists(path)] == []


def test_documents_name_paths() -> None:
    """`paths` finds known paths: the test above cannot pass for want of any."""
    assert "src/mlops/contract.py" in paths("CONTRIBUTING.md")
    assert "infra/decision.asl.json" in paths("docs/architecture.md")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_exist(name: str) -> None:
    assert [line for line in commands(name) if not is_known(line)] == []


def test_unknown_commands_and_options_are_detected() -> None:
    assert is_known("mlops start --set max_depth=4") and is_known("make test")
    assert not is_known("mlops begin") and not is_known("mlops start --sett x") and not is_known("make tests")


def is_known(line: str) -> bool:
    """Whether a line is a command of the template, of a generated repository, or of a program installed elsewhere."""
    program, *words = shlex.split(line.replace("$(", " ").replace(")", " "), comments=True)
    if program in ("eval", "source"):
        return is_known(" ".join(words)) if program == "eval" else words == [".venv/bin/activate"]
    match program.rpartition("/")[2]:
        case "make":
            targets = re.findall(r"^([\w-]+):", text("Makefile") + (GENERATED / "Makefile").read_text(), re.MULTILINE)
            return all("=" in word or word in targets for word in words)
        case "mlops":
            return is_command(words)
        case "python":
            files = words[2:] if words[:2] == ["-m", "pytest"] else words[:1]
            return all((root_of(word) / word).exists() for word in files)
        case "release.py":
            return (TEMPLATE / program).exists()
        case "cruft":
            return words[0] in ("create", "update", "check")
        case "pipx":
            return words[:2] in (["run", "cruft"], ["install", "pre-commit"])
        case "git" | "pip" | "pre-commit" | "rm" | "aws":
            return True
    return False


def root_of(path: str) -> Path:
    return next((root for root in (TEMPLATE, GENERATED) if (root / path).exists()), TEMPLATE)


def is_command(words: list[str]) -> bool:
    """Whether `mlops` has this command with these options. Arguments are not checked."""
    command: click.Command = main
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            return False
        command, words = found, words[1:]
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return {word for word in words if word.startswith("-")} <= options | {"--help"}


def pictures() -> Iterator[tuple[str, str]]:
    return (
        (name, block) for name in DOCUMENTS for language, block in _FENCE.findall(text(name)) if language == "mermaid"
    )


def test_pictures_name_folders_that_exist() -> None:
    named = {
        path
        for _, picture in pictures()
        for label in re.findall(r'[\[{]"([^"]+)"', picture)
        for path in label.replace(",", " ").split()
        if "/" in path
    }
    assert {"src/mlops/contract.py", "src/mlops/localcloud/", "configuration/"} <= named
    assert [path for path in named if not any((root / path).exists() for root in (TEMPLATE, GENERATED))] == []


def test_arrows_of_pictures_connect_declared_nodes() -> None:
    for name, picture in pictures():
        lines = [line.strip() for line in picture.splitlines()]
        assert lines[0].startswith("flowchart "), name
        assert sum(line.startswith("subgraph ") for line in lines) == lines.count("end"), name
        declared = {found[1] for line in lines if (found := re.match(r"(\w+)[\[{(]", line))}
        drawn = {node for line in lines if "--" in line for node in re.split(r"\s*-->?-?\s*", line)}
        # A picture that gives labels declares every node, so that no misspelt name becomes a node of its own.
        assert not declared or drawn <= declared, (name, drawn - declared)


def test_stages_of_the_picture_are_those_of_the_pipeline() -> None:
    template, _ = decode(str(GENERATED / "infra" / "pipeline.yml"))
    (pipeline,) = [each for each in template["Resources"].values() if each["Type"] == "AWS::CodePipeline::Pipeline"]
    stages = [stage["Name"] for stage in pipeline["Properties"]["Stages"]]
    for name in ("README.md", "docs/architecture.md"):
        assert " --> ".join(["commit", *stages]) in text(name)


def test_the_glossary_has_each_word_once_in_order() -> None:
    words = re.findall(r"^\| ([^|]+) \|", text("docs/glossary.md"), re.MULTILINE)[1:]
    words = [word for word in words if set(word) != {"-"}]
    assert len(words) > 20
    assert words == sorted(set(words))


def test_words_of_the_glossary_are_in_use() -> None:
    sources = [*(TEMPLATE / "src").rglob("*.py"), *GENERATED.rglob("*.md"), TEMPLATE / "docs" / "architecture.md"]
    used = "\n".join(path.read_text() for path in sources).lower()
    words = [
        word for word in re.findall(r"^\| ([a-z][^|]*) \|", text("docs/glossary.md"), re.MULTILINE) if word != "word"
    ]
    assert [word for word in words if not re.search(rf"\b{word.replace(' ', '[ _-]?')}", used)] == []


def test_words_that_the_glossary_replaces_are_not_used() -> None:
    replaced = [row.split("|")[3].strip() for row in text("docs/glossary.md").splitlines() if row.count("|") == 4]
    replaced = [word for word in replaced if word and word != "not" and set(word) != {"-"}]
    assert replaced
    found = [
        (path.relative_to(TEMPLATE).as_posix(), word)
        for root in (TEMPLATE / "src", GENERATED)
        for path in root.rglob("*")
        if path.suffix in {".py", ".yml", ".json", ".md", ".html"}
        for word in replaced
        if re.search(rf"\b{word.replace(' ', '[ _-]')}\b", path.read_text(), re.IGNORECASE)
    ]
    assert found == []


def test_the_readme_is_one_screen() -> None:
    """At most 65 lines, and nothing about the template's own code: that belongs in CONTRIBUTING.md."""
    assert len(text("README.md").splitlines()) <= 65
    assert "src/" not in text("README.md")
