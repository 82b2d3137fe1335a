"""Errors that reach a person. Only `mlops.cli` and `mlops.builds` print them and exit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_MOST_OF_A_KEY = 200


def printable(text: str) -> str:
    r"""The text with an escape such as \x1b for each character that a terminal would interpret or cannot encode."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "surrogatepass").decode() for each in text
    )


class MlopsError(Exception):
    """An error whose message is written for the person who runs the command."""

    exit_code = 1


class PipelineError(MlopsError):
    """The pipeline refused or failed: a gate, a failed job, a rejection, a refused call."""


@dataclass(frozen=True)
class InputProblem:
    """One wrong value: its file, key and line, the value that was found, and what is allowed."""

    file: str
    key: str
    found: str
    allowed: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = self.key if len(self.key) <= _MOST_OF_A_KEY else f"{self.key[:_MOST_OF_A_KEY]}…"
        where = f"{place}: {key}" if key else place
        return printable(f"{where}: found {self.found}; allowed: {self.allowed}")


class InputError(MlopsError):
    """The input is wrong. The error's text is `message`, then a line for each of `problems`.

    >>> InputError("There is no execution 7c1f. Run: mlops status")
    >>> InputError("configuration/ has 1 problem.", [InputProblem("qa.yml", "users", "-1", "at least 1")])
    """

    exit_code = 2

    def __init__(self, message: str, problems: Sequence[InputProblem] = ()) -> None:
        self.message = message
        self.problems = tuple(problems)
        super().__init__("\n".join([message, *(f"  {problem}" for problem in self.problems)]))
