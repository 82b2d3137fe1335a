"""A click group that imports a command when it is asked for and turns errors into messages and exit codes."""

from __future__ import annotations

import difflib
import importlib
import os
import shlex
import sys
import time
import traceback
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click

from mlops.errors import InputError, MlopsError

_NONE: Mapping[str, str] = MappingProxyType({})
_WRONG_INPUT = InputError.exit_code


class Group(click.Group):
    """A group whose `commands` map a name to the location of its command, "module:attribute", and to its short help.

    `--help` lists the commands from this table, without importing them. `synonyms` map names that do not exist to the
    commands that an error suggests for them.
    """

    def __init__(
        self, *, commands: dict[str, tuple[str, str]], synonyms: Mapping[str, str] = _NONE, **attributes: Any
    ) -> None:
        super().__init__(**attributes)
        self.table = commands
        self._synonyms = synonyms

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.table:
            return None
        module, attribute = self.table[name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.table and not name.startswith("-") and not context.resilient_parsing:
            similar = [self._synonyms[name]] if name in self._synonyms else difflib.get_close_matches(name, self.table)
            hint = f" Did you mean {' or '.join(map(repr, similar))}?" if similar else ""
            raise click.UsageError(f"No such command {name!r}.{hint}", context)
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, short_help) for name, (_, short_help) in self.table.items()])

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except MlopsError as error:
            raise Refusal(_in_local_cloud(error) or str(error), error.exit_code) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            raise Refusal(_unexpected(error), 1) from error


class Refusal(click.ClickException):
    """An error with a message for people and the exit code that belongs to it."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance


def _in_local_cloud(error: MlopsError) -> str:
    """How to repeat the command in this repository's local cloud, if it runs and the shell does not call it.

    The shell then has no credentials, or the address of a local cloud that has ended.
    """
    has_ended = getattr(error, "is_unreachable", False) and error.exit_code == _WRONG_INPUT
    if getattr(error, "code", "") != "NoCredentialsError" and not has_ended:
        return ""
    from mlops.aws.session import SIGN_IN
    from mlops.localcloud import launch
    from mlops.release.repository import state_directory

    try:
        running = launch.find(state_directory() / "local")
    except InputError:
        return ""
    if running is None:
        return ""
    if has_ended and os.environ.get("AWS_ENDPOINT_URL") in (None, running.environment["AWS_ENDPOINT_URL"]):
        return ""
    cause = f"{str(error).partition('. ')[0]}." if has_ended else f"No AWS credentials found. {SIGN_IN}"
    command = shlex.join(["mlops", *sys.argv[1:]])
    return (
        f"{cause}\n"
        f"The local cloud of this repository runs on port {running.port}. To use it: "
        f'eval "$(mlops local env)" && {command}'
    )


def _unexpected(error: Exception) -> str:
    """A sentence for people; the traceback goes to a file, for a report to the maintainers, where one can be written."""
    from mlops.places import shown
    from mlops.release.repository import state_directory

    what = f"This should not have happened: {type(error).__name__}: {error}"
    try:
        directory = state_directory() / "errors"
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / f"{time.strftime('%Y%m%d-%H%M%S')}.txt"
        file.write_text("".join(traceback.format_exception(error)), "utf-8", "backslashreplace")
        return f"{what}\nThe details are in {shown(file)}. Please report it with that file."
    except Exception as refused:
        *_, (frame, line) = traceback.walk_tb(error.__traceback__)
        return (
            f"{what}\n"
            f"It was raised in {frame.f_code.co_filename}, line {line}, in {frame.f_code.co_name}.\n"
            f"The whole traceback is not saved: {refused}. Please report it with these lines."
        )
