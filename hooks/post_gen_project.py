"""Renames the text of the chosen licence to LICENSE, and removes the others."""

from pathlib import Path

LICENSES = Path("licenses")


def keep_license(chosen: str, root: Path) -> None:
    """Rename the chosen text to LICENSE and remove the others. 'Proprietary' has no text."""
    texts = root / LICENSES
    text = texts / f"{chosen}.txt"
    if text.exists():
        text.rename(root / "LICENSE")
    for other in texts.iterdir():
        other.unlink()
    texts.rmdir()


if __name__ == "__main__":
    keep_license({{cookiecutter.license | tojson}}, Path.cwd())  # noqa: F821
