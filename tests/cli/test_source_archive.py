"""The archive of the source that a release is started with, and the commit's id in the release."""

import os
import zipfile
from pathlib import Path

import pytest
from commits import git

from mlops.aws import source


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in ("model/train.py", "README.md", ".mlops/local/cloud.json", "model/__pycache__/train.pyc"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"content of {name}")
    return root


@pytest.fixture
def committed(tree: Path) -> Path:
    (tree / ".gitignore").write_text("__pycache__/\n.mlops/\n*.log\n")
    git(tree, "init", "--quiet")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message", "First")
    return tree


def names(root: Path) -> list[str]:
    return [name.as_posix() for name in source.files(root)]


def test_outside_of_git_everything_but_caches_and_state_is_packed(tree: Path):
    assert names(tree) == ["README.md", "model/train.py"]


def test_new_files_are_packed_and_ignored_ones_are_not(committed: Path):
    (committed / "model" / "features.py").write_text("new")
    (committed / "debug.log").write_text("ignored")
    assert names(committed) == [".gitignore", "README.md", "model/features.py", "model/train.py"]


def test_a_deleted_file_that_git_still_lists_is_left_out(committed: Path):
    (committed / "README.md").unlink()
    assert names(committed) == [".gitignore", "model/train.py"]


def test_a_directory_that_an_outer_repository_ignores_is_packed(committed: Path):
    inner = committed / ".mlops" / "inner"
    inner.mkdir()
    (inner / "train.py").write_text("inner")
    assert names(inner) == ["train.py"]
    assert source.commit_id(inner) == "uncommitted"


def test_the_same_content_gives_the_same_bytes_at_any_time(tree: Path, tmp_path: Path):
    first = source.pack(tree, source.files(tree), tmp_path / "first.zip").read_bytes()
    os.utime(tree / "README.md", (1, 1))
    assert source.pack(tree, source.files(tree), tmp_path / "second.zip").read_bytes() == first


def test_the_source_is_not_compressed(tree: Path, tmp_path: Path):
    archive = source.pack(tree, source.files(tree), tmp_path / "source.zip")
    with zipfile.ZipFile(archive) as packed:
        entries = packed.infolist()
    assert {(each.compress_type, each.create_system, each.flag_bits) for each in entries} == {
        (zipfile.ZIP_STORED, 3, 0)
    }
    assert {each.extra for each in entries} == {b""}


def test_the_archive_keeps_content_and_executable_files(tree: Path, tmp_path: Path):
    (tree / "README.md").chmod(0o755)
    archive = source.pack(tree, source.files(tree), tmp_path / "source.zip")
    with zipfile.ZipFile(archive) as packed:
        assert packed.read("model/train.py") == b"content of model/train.py"
        assert packed.getinfo("README.md").external_attr >> 16 == 0o755
        assert packed.getinfo("model/train.py").external_attr >> 16 == 0o644


def test_the_commit_is_named_and_a_changed_tree_is_marked(committed: Path):
    commit = git(committed, "rev-parse", "HEAD")
    assert source.commit_id(committed) == commit
    (committed / "README.md").write_text("changed")
    assert source.commit_id(committed) == f"{commit}+uncommitted"
