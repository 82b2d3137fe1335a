from __future__ import annotations

from pathlib import Path

from mlops.container.directories import Container


def test_characters_without_an_encoding_are_escaped_in_the_reason(tmp_path: Path) -> None:
    Container(tmp_path).fail("no file b\udcffd.csv, only \ud83d")
    for name in ("failure", "message"):
        assert (tmp_path / "output" / name).read_text(encoding="utf-8") == r"no file b\udcffd.csv, only \ud83d"
