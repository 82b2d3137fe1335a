"""Ports on the loopback for programs that are given their port before they start."""

from __future__ import annotations

import itertools
import random
import socket

# Below the ranges from which systems take the ports of outgoing connections (Linux: 32768 and up; IANA: 49152 and up),
# so that no connection takes the port between this check and the program's own bind.
_FIRST, _LAST = 20_000, 32_000

_candidates = itertools.count(random.randrange(_LAST - _FIRST))


def free_port() -> int:
    """A port on which nothing listens. This process returns no port twice before it has tried all others.

    Raises OSError without a free port.
    """
    for candidate in itertools.islice(_candidates, _LAST - _FIRST):
        port = _FIRST + candidate % (_LAST - _FIRST)
        if is_free(port):
            return port
    raise OSError(f"no port between {_FIRST} and {_LAST} of 127.0.0.1 is free")


def is_free(port: int) -> bool:
    """Whether a program can listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
