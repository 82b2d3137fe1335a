"""Folders and files that cannot be written: named before the work starts, and no traceback."""

import os
import re
from pathlib import Path

import pytest

from mlops import release
from mlops.errors import InputError
from mlops.localcloud import launch
from mlops.places import require_folder
from mlops.release import naming

ALLOWED = "allowed is a folder that can be created and written"


@pytest.fixture
def closed(repository: Path) -> Path:
    """A repository whose .mlops is a file: also root cannot write into it."""
    (repository / ".mlops").write_text("")
    return repository


@pytest.mark.parametrize(
    ("command", "folder"),
    [
        (("local", "up"), "local"),
        (("local", "run", "--approve"), "local"),
        (("data", "prepare"), "dataset"),
        (("monitor", "run"), "monitoring"),
        (("monitor", "open", "--no-browser"), "monitoring"),
        (("batch", "rows.csv", "scored.csv"), "batch"),
        (("batch", "--job", "demo-1-batch", "scored.csv"), "batch"),
    ],
)
def test_a_state_folder_that_cannot_be_written_is_named(closed: Path, mlops, command: tuple[str, ...], folder: str):
    (closed / "rows.csv").write_text("1,north\n")
    done = mlops(*command)
    assert (done.exit_code, done.output) == (2, f"Error: .mlops/{folder}: Not a directory; {ALLOWED}\n")


def test_prices_are_not_asked_for_where_they_cannot_be_kept(closed: Path, mlops):
    done = mlops("cost", "--refresh")
    assert (done.exit_code, done.output) == (2, f"Error: .mlops: Not a directory; {ALLOWED}\n")


def test_without_a_state_folder_no_local_cloud_runs(closed: Path, mlops):
    assert mlops("local", "down").output == "The local cloud is not running.\n"


def test_the_check_of_a_missing_folder_creates_nothing(tmp_path: Path):
    require_folder(tmp_path / "some" / "folder")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_which_the_system_refuses_files_is_named(tmp_path: Path):
    # The system refuses it to root too.
    with pytest.raises(InputError, match=re.escape(f"/proc/self/sets: No such file or directory; {ALLOWED}")):
        require_folder(Path("/proc/self/sets"))


@pytest.mark.parametrize("place", ["/proc/nope", "/proc/self"])
def test_a_report_is_not_made_for_a_folder_that_cannot_be_written(
    repository: Path, mlops, monkeypatch: pytest.MonkeyPatch, place: str
):
    monkeypatch.setattr(naming, "execution_id", lambda repository, given: given)
    done = mlops("report", "1a2b3c4d", "--output", place)
    assert (done.exit_code, done.output) == (2, f"Error: {place}: No such file or directory; {ALLOWED}\n")


@pytest.mark.parametrize(("place", "reason"), [("file/outputs", "Not a directory"), ("/proc/nope", "No such file")])
def test_no_release_starts_whose_id_cannot_be_written(repository: Path, mlops, place: str, reason: str):
    (repository / "file").write_text("")
    done = mlops("start", "--execution-to", place)
    assert done.exit_code == 2
    assert done.output.startswith(f"Error: {place}: {reason}") and "allowed is a file that can be" in done.output


def break_down(*arguments: object, **options: object) -> None:
    raise ZeroDivisionError("by a test")


def test_an_unexpected_error_is_kept_in_a_file(repository: Path, mlops, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(launch, "start", break_down)
    done = mlops("local", "up")
    assert done.exit_code == 1
    assert "This should not have happened: ZeroDivisionError: by a test" in done.output
    [file] = (repository / ".mlops" / "errors").iterdir()
    assert f"The details are in .mlops/errors/{file.name}." in done.output
    assert file.read_text().startswith("Traceback") and "break_down" in file.read_text()


def test_an_unexpected_error_that_cannot_be_kept_is_shown_with_its_place(
    closed: Path, mlops, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(launch, "start", break_down)
    done = mlops("local", "up")
    assert done.exit_code == 1
    first, place, unsaved = done.output.splitlines()
    assert first == "Error: This should not have happened: ZeroDivisionError: by a test"
    assert place == f"It was raised in {__file__}, line {break_down.__code__.co_firstlineno + 1}, in break_down."
    assert unsaved.startswith("The whole traceback is not saved: ") and ".mlops/errors" in unsaved
    assert "Traceback (most recent call last)" not in done.output


def test_an_unexpected_error_in_a_folder_that_is_gone_is_shown(
    repository: Path, mlops, monkeypatch: pytest.MonkeyPatch
):
    def remove_and_break_down() -> None:
        os.chdir(repository / "configuration")
        for file in Path.cwd().iterdir():
            file.unlink()
        Path.cwd().rmdir()
        break_down()

    monkeypatch.setattr(release, "find", remove_and_break_down)
    done = mlops("local", "up")
    assert done.exit_code == 1
    assert "ZeroDivisionError: by a test" in done.output and "is not saved" in done.output
