"""Child processes of the local cloud: none of them outlives it."""

import contextvars
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

# Starts a program and, in its process group, a watcher that ends the group when the cloud is gone, for the case that the
# reaper was killed too. The watcher reads the cloud's lifeline, which closes with the cloud.
_WATCHED = """\
exec 3<&0
( (trap '' TERM INT HUP; read -r _ <&3; kill -9 0) >/dev/null 2>&1 & )
exec "$@" </dev/null 3<&-
"""

_live: set["Process"] = set()
_lock = threading.Lock()
_reaper: subprocess.Popen | None = None
_closing = False


class Process:
    """A running program in a separate process group. Its output, line by line, goes to `on_line`."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        on_line: Callable[[str], None],
    ):
        _require_program(argv[0], env, cwd)
        self._popen = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHED, "sh", *argv],
            env=dict(env),
            cwd=cwd,
            stdin=_lifeline(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            bufsize=1,
            start_new_session=True,
            # The cloud's own umask makes its files private; programs get the usual one.
            umask=0o022,
        )
        self.pid = self._popen.pid
        with _lock:
            _live.add(self)
            _tell_reaper(f"+{self.pid}")
            late = _closing
        self._ended = threading.Event()
        read = contextvars.copy_context().run
        reader = threading.Thread(target=read, args=(self._read, on_line), daemon=True, name=f"output-{self.pid}")
        reader.start()
        threading.Thread(target=self._await_end, args=(reader,), daemon=True, name=f"end-{self.pid}").start()
        if late:
            self._signal(signal.SIGKILL)

    def _read(self, on_line: Callable[[str], None]) -> None:
        assert self._popen.stdout is not None
        with self._popen.stdout as lines:
            for line in lines:
                on_line(line.rstrip("\n"))

    def _await_end(self, reader: threading.Thread) -> None:
        self._popen.wait()
        # As with a container, whatever the program has started ends with it; only then does its output close.
        self._signal(signal.SIGKILL)
        reader.join()
        with _lock:
            _live.discard(self)
            _tell_reaper(f"-{self.pid}")
        self._ended.set()

    @property
    def returncode(self) -> int | None:
        """Exit code; negative for a signal; None while it runs."""
        return self._popen.returncode if self._ended.is_set() else None

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until the program has ended and all its output was read. None when `timeout` seconds passed first."""
        return self._popen.returncode if self._ended.wait(timeout) else None

    def stop(self, grace_seconds: float = 30) -> int:
        """Ask the program to end by SIGTERM; kill its group when it has not after `grace_seconds`."""
        self._signal(signal.SIGTERM)
        if not self._ended.wait(grace_seconds):
            self._signal(signal.SIGKILL)
            self._popen.wait()
            self._ended.wait(5)
        return self._popen.returncode

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return


def start(argv: Sequence[str], env: Mapping[str, str], cwd: Path, on_line: Callable[[str], None]) -> Process:
    """Start a program with exactly the environment `env`.

    Raises OSError when it cannot be started, or the cloud is stopping: supervisors must not
    start the program again then.
    """
    if _closing:
        raise OSError(errno.ESHUTDOWN, "the local cloud is stopping")
    return Process(argv, env, cwd, on_line)


@cache
def _lifeline() -> int:
    """The end of a pipe that is read; this process alone has the other one, as long as it lives."""
    read, _ = os.pipe()
    return read


def _require_program(name: str, env: Mapping[str, str], cwd: Path) -> None:
    """Raise the OSError with which a program cannot be started, which the shell in front of it would swallow."""
    path = str(cwd / name) if os.sep in name else shutil.which(name, path=env.get("PATH", os.defpath))
    if path is None or not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    if os.path.isdir(path) or not os.access(path, os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)


def start_reaper() -> None:
    """Start the process that ends all others when this one is gone. Called once, by the server."""
    global _reaper
    _reaper = subprocess.Popen(
        [sys.executable, "-m", "mlops.localcloud.reaper"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        bufsize=1,
        start_new_session=True,
    )


def stop_all(grace_seconds: float = 3) -> None:
    """Stop every child process, together, and then the reaper. No further one starts."""
    global _closing
    with _lock:
        _closing = True
        left = list(_live)
    stopping = [threading.Thread(target=process.stop, args=(grace_seconds,)) for process in left]
    for thread in stopping:
        thread.start()
    for thread in stopping:
        thread.join()
    if _reaper is not None and _reaper.stdin is not None:
        _reaper.stdin.close()
        _reaper.wait()


def _tell_reaper(line: str) -> None:
    if _reaper is not None and _reaper.stdin is not None and not _reaper.stdin.closed:
        try:
            _reaper.stdin.write(line + "\n")
        except BrokenPipeError:
            start_reaper()
            _reaper.stdin.writelines(f"+{process.pid}\n" for process in _live)
