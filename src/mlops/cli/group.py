"""A click group that imports a command when it is asked for and turns errors into messages and exit codes."""

from __future__ import annotations

import importlib
import shlex
import sys
import time
import traceback

import click

from mlops.errors import InputError, MlopsError


class Group(click.Group):
    """A group whose `commands` map a name to the place of its command, "module:attribute"."""

    def __init__(self, *, commands: dict[str, str], **attributes) -> None:
        super().__init__(**attributes)
        self._places = commands

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self._places)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self._places:
            return None
        module, attribute = self._places[name].split(":")
        return getattr(importlib.import_module(module), attribute)

    def invoke(self, context: click.Context):
        try:
            return super().invoke(context)
        except MlopsError as error:
            raise Refusal(f"{error}{_local_cloud_hint(error)}", error.exit_code) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            raise Refusal(_unexpected(error), 1) from error


class Refusal(click.ClickException):
    """An error with a message for people and the exit code that belongs to it."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def _local_cloud_hint(error: MlopsError) -> str:
    """The command again, for the local cloud that runs for this repository, when no credentials say whom to call."""
    if getattr(error, "code", "") != "NoCredentialsError":
        return ""
    from mlops.cli import project
    from mlops.localcloud import launch

    try:
        running = launch.find(project.state_directory() / "local")
    except InputError:
        return ""
    if running is None:
        return ""
    command = shlex.join(["mlops", *sys.argv[1:]])
    return (
        f"\nThe local cloud of this repository runs on port {running.port}. To ask it: "
        f'eval "$(mlops local env)" && {command}'
    )


def _unexpected(error: Exception) -> str:
    """A sentence for people; the traceback goes to a file, because nobody but us can do anything with it."""
    from mlops.cli.project import shown, state_directory

    directory = state_directory() / "errors"
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / f"{time.strftime('%Y%m%d-%H%M%S')}.txt"
    file.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    return (
        f"This should not have happened: {type(error).__name__}: {error}\n"
        f"The details are in {shown(file)}. Please report it with that file."
    )
