"""The shell of a build: commands run one after the other in the same bash, as in a buildspec of version 0.2.

Commands reach bash through a named pipe, so that directories and variables carry over from one to the next.
After each, bash prints a line with a mark and the exit status. A command that leaves the shell (`exit 1`, or
an error under `set -e`) ends as this command only: the next one finds its directory and exported variables.
"""

import contextvars
import os
import queue
import secrets
import shlex
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from mlops.localcloud import processes

_LOOP = """\
[ -e "$1/state" ] && . "$1/state"
trap %(save)s EXIT
while IFS= read -r -d "" __command <&8; do
    eval "$__command" 8<&-
    printf "%%s %%s\\n" %(mark)s $?
done 8< "$2"
"""


class Interrupted(Exception):
    """The shell was stopped, or its time was over, before the command ended."""


class Shell:
    """Runs commands in `cwd` with exactly `environment`; what they print goes to `on_line`.

    `directory` is the shell's own, for its pipe and its state. Use as a context manager: leaving it ends
    whatever the commands have started.
    """

    def __init__(
        self,
        shell: str,
        environment: Mapping[str, str],
        cwd: Path,
        directory: Path,
        on_line: Callable[[str], None],
    ):
        # /bin/sh of Amazon Linux, CodeBuild's image, is bash in POSIX mode.
        self._program = ["bash", "--posix"] if shell == "/bin/sh" else ["bash", "--noprofile", "--norc"]
        self._environment = environment
        self._cwd = cwd
        self._directory = directory
        self._on_line = on_line
        self._mark = f"\x1e{secrets.token_hex(8)}"
        self._statuses: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._process: processes.Process | None = None
        self._stopped = False
        self._pipe = -1

    def __enter__(self) -> "Shell":
        directory = self._directory
        directory.mkdir(parents=True)
        os.mkfifo(directory / "commands")
        # Open for both directions: neither end then waits for the other, nor sees its end before __exit__.
        self._pipe = os.open(directory / "commands", os.O_RDWR)
        save = f'{{ declare -px; printf "cd %q\\n" "$PWD"; }} > {shlex.quote(str(directory / "state"))}'
        script = _LOOP % {"mark": shlex.quote(self._mark), "save": shlex.quote(save)}
        (directory / "shell.sh").write_text(script, encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(grace_seconds=1)
        os.close(self._pipe)

    def run(self, command: str, deadline: float) -> int:
        """Run one command and return its exit status. `deadline` is a time of `time.monotonic`.

        Raises Interrupted when the shell is stopped, TimeoutError at the deadline; both end the shell.
        """
        with self._lock:
            if self._stopped:
                raise Interrupted
            if self._process is None:
                try:
                    self._start()
                except BrokenPipeError as error:
                    # The local cloud is stopping: it starts no more processes.
                    raise Interrupted from error
        os.write(self._pipe, command.encode() + b"\0")
        try:
            status = self._statuses.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            self.stop(grace_seconds=1)
            raise TimeoutError(command) from None
        if self._stopped:
            raise Interrupted
        return status

    def stop(self, grace_seconds: float) -> None:
        """End the running command, and everything that the commands have started."""
        with self._lock:
            self._stopped = True
            process = self._process
        if process is not None:
            process.stop(grace_seconds)

    def _start(self) -> None:
        directory = self._directory
        argv = [*self._program, str(directory / "shell.sh"), str(directory), str(directory / "commands")]
        process = processes.start(argv, self._environment, self._cwd, self._read)
        self._process = process
        wait = contextvars.copy_context().run
        threading.Thread(target=wait, args=(self._await_end, process), daemon=True, name="shell-end").start()

    def _read(self, line: str) -> None:
        # What a command prints without a newline at its end precedes the mark.
        output, mark, status = line.partition(self._mark)
        if output or not mark:
            self._on_line(output)
        if mark:
            self._statuses.put(int(status))

    def _await_end(self, process: processes.Process) -> None:
        status = process.wait()
        with self._lock:
            self._process = None
        self._statuses.put(status if status is not None and status >= 0 else 128 - (status or 0))
