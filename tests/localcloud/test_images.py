"""A Dockerfile becomes a process: its files, its environment, its program."""

import subprocess
import sys
from pathlib import Path

import pytest

from mlops.localcloud import images
from mlops.localcloud.errors import AWSError

DOCKERFILE = """
FROM python:3.13-slim AS build
COPY missing-here /nowhere
FROM python:3.13-slim
ENV GREETING=hello NAME="a person"
ENV PLACE $GREETING/here
RUN pip install something
WORKDIR /opt/program
COPY --chown=1000 settings.txt ./
COPY . /opt/program/app/
COPY --from=build /x /y
USER 1000
ENTRYPOINT ["python", "-m", "app"]
CMD ["by-default"]
"""
PROGRAM = (
    "import os, sys; print(os.environ['GREETING'], os.environ['PLACE'], sys.argv[1], os.path.isfile('settings.txt'))"
)


@pytest.fixture
def image(tmp_path: Path) -> images.Image:
    source = tmp_path / "source"
    source.mkdir()
    (source / "Dockerfile").write_text(DOCKERFILE)
    (source / "__main__.py").write_text(PROGRAM)
    (source / "settings.txt").write_text("x")
    return images.build(source / "Dockerfile", source, tmp_path / "root", "sha256:0")


def run(image: images.Image, *args: str) -> str:
    argv, environment, cwd = image.command(args)
    return subprocess.run(argv, env=environment, cwd=cwd, check=True, capture_output=True, text=True).stdout


def test_the_program_of_the_image_runs_with_its_environment_and_files(image: images.Image) -> None:
    assert run(image, "train") == "hello hello/here train True\n"


def test_without_arguments_the_image_runs_its_default_command(image: images.Image) -> None:
    assert run(image) == "hello hello/here by-default True\n"


def test_nothing_of_the_clouds_own_environment_reaches_the_program(
    image: images.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    assert "SECRET_OF_THE_HOST" not in image.command()[1]


def test_entrypoint_of_the_request_replaces_entrypoint_and_command(image: images.Image) -> None:
    argv, _, _ = image.command([], ["python3", "/opt/program/app/__main__.py"])
    assert argv == [sys.executable, str(image.root / "opt/program/app/__main__.py")]


def test_a_program_that_does_not_exist_is_refused_by_name(image: images.Image) -> None:
    with pytest.raises(AWSError, match='exec: "no-such-program": executable file not found'):
        image.command([], ["no-such-program"])


def test_copy_of_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY absent.txt /\n")
    with pytest.raises(AWSError, match="COPY absent.txt"):
        images.build(tmp_path / "Dockerfile", tmp_path, tmp_path / "root", "sha256:0")


def test_files_that_dockerignore_excludes_are_not_in_the_build_context(tmp_path: Path) -> None:
    context = tmp_path / "context"
    (context / "model" / "__pycache__").mkdir(parents=True)
    for name in ("model/train.py", "model/__pycache__/train.pyc", "model/notes.md", "secret.txt"):
        (context / name).write_text("x")
    (context / ".dockerignore").write_text("*\n!model\n**/*.md\n")
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /opt\n")
    image = images.build(context / "Dockerfile", context, tmp_path / "root", "sha256:0")
    assert [path.relative_to(image.root).as_posix() for path in image.root.rglob("*") if path.is_file()] == [
        "opt/model/train.py"
    ]
    (context / "Dockerfile").write_text("FROM scratch\nCOPY secret.txt /opt/\n")
    with pytest.raises(AWSError, match="COPY secret.txt"):
        images.build(context / "Dockerfile", context, tmp_path / "other", "sha256:0")


def test_a_copied_directory_keeps_its_paths_below_the_target(tmp_path: Path) -> None:
    context = tmp_path / "context"
    (context / "a" / "b").mkdir(parents=True)
    (context / "a" / "b" / "c.txt").write_text("x")
    (context / "a" / "d.txt").write_text("x")
    (context / "Dockerfile").write_text("FROM scratch\nWORKDIR /srv\nCOPY a inside\nCOPY a/*.txt ./\n")
    root = images.build(context / "Dockerfile", context, tmp_path / "root", "sha256:0").root
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert files == ["srv/d.txt", "srv/inside/b/c.txt", "srv/inside/d.txt"]
