#!/usr/bin/env python3
"""Checks that a tag, the version of the package and the changelog agree; prints the notes of the release.

Needs nothing but Python 3.11. Exits with 2 and a sentence where they disagree.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHANGELOG = "CHANGELOG.md"


class Disagreement(Exception):
    """The repository is not ready for this tag; the message is for people."""


def notes(tag: str, root: Path = ROOT) -> str:
    """The changelog's section of the release `tag`, such as v0.1.0."""
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if tag != f"v{version}":
        raise Disagreement(f"pyproject.toml: project.version is {version}, so the tag is v{version}. Found: {tag!r}.")
    wheels = [path.name for path in (root / "{{cookiecutter.project}}" / "vendor").glob("*.whl")]
    if len(wheels) != 1 or f"-{version}-" not in wheels[0]:
        raise Disagreement(f"vendor/: one wheel of version {version} is allowed, found {wheels}. Run: make wheel")
    heading, section = _section((root / CHANGELOG).read_text(encoding="utf-8"), version)
    if not re.fullmatch(rf"## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d", heading):
        raise Disagreement(
            f"{CHANGELOG}: the section of {version} is headed {heading!r}. Allowed is its date, such as "
            f"'## [{version}] - 2026-11-30'."
        )
    if not section:
        raise Disagreement(f"{CHANGELOG}: the section of {version} is empty.")
    return section


def _section(changelog: str, version: str) -> tuple[str, str]:
    """The heading of a version, and what is below it."""
    found = re.search(
        rf"^(## \[{re.escape(version)}\].*)\n([\s\S]*?)(?=^## |^\[[^\]]+\]: |\Z)", changelog, re.MULTILINE
    )
    if not found:
        raise Disagreement(f"{CHANGELOG}: there is no section '## [{version}]'.")
    return found[1].rstrip(), found[2].strip()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: .ci/release.py TAG")
    try:
        print(notes(sys.argv[1]))
    except Disagreement as error:
        print(error, file=sys.stderr)
        sys.exit(2)
