"""Renames the text of the chosen licence to LICENSE, removes the others, and prints the first commands."""

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


def first_commands(root: Path) -> str:
    """The commands to run next, in a repository that was generated into `root`."""
    return f"""The repository {root.name} is generated. Its first commands, and README.md has the rest:
  cd {root.name}
  git init && git add . && git commit --message "generate from the template"
  make run     # the whole release pipeline on this machine, without an AWS account
  make test"""


if __name__ == "__main__":
    keep_license({{cookiecutter.license | tojson}}, Path.cwd())  # noqa: F821
    print(first_commands(Path.cwd()))
