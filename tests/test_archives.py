from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from mlops import archives


def archive(path: Path, *members: tarfile.TarInfo) -> Path:
    """An archive of members, each of them five bytes long where it is a file."""
    with tarfile.open(path, "w:gz") as packed:
        for member in members:
            member.size = 5 if member.isfile() else 0
            packed.addfile(member, io.BytesIO(b"bytes"))
    return path


def link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def test_files_keep_their_paths_and_whether_they_can_be_executed(tmp_path: Path) -> None:
    program = tarfile.TarInfo("code/program")
    program.mode = 0o700
    archives.extract(archive(tmp_path / "a.tar.gz", tarfile.TarInfo("./model.ubj"), program), tmp_path / "out")
    assert (tmp_path / "out" / "model.ubj").read_bytes() == b"bytes"
    assert (tmp_path / "out" / "code" / "program").stat().st_mode & 0o111
    assert not (tmp_path / "out" / "model.ubj").stat().st_mode & 0o111


@pytest.mark.parametrize(
    "member",
    [tarfile.TarInfo("../outside"), tarfile.TarInfo("a/../../outside"), link("inside", "/etc/passwd")],
    ids=["parent", "climbing", "link"],
)
def test_a_member_that_leaves_the_directory_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    with pytest.raises(tarfile.TarError, match="not a file or directory inside"):
        archives.extract(archive(tmp_path / "a.tar.gz", member), tmp_path / "out")
    assert not (tmp_path / "outside").exists()


def test_bytes_that_are_no_archive_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"garbage")
    with pytest.raises(tarfile.TarError):
        archives.extract(tmp_path / "a.tar.gz", tmp_path / "out")
