"""Ends the processes of a local cloud that was itself ended without notice.

Runs as a separate process, `python -m mlops.localcloud.reaper`. Its standard input is a pipe from the cloud:
a line `+ID` adds a process group, `-ID` takes one away. When the pipe closes, whatever happened to the cloud,
the groups that are left are killed.
"""

import os
import signal
import sys


def main() -> None:
    """Follow standard input to its end, then kill the process groups that are left."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        change, group = line[0], int(line[1:])
        if change == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    main()
